"""Name rules of the inbox: document, settings, temporary file or conflicting copy."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from narrated.inbox.conflict_names import is_conflict_name
from narrated.reading.file_kinds import FOLDER_SETTINGS


class NameKind(StrEnum):
    """Kind of one path component, judged by its name alone."""

    DOCUMENT = "document"  # a file to read, or a folder to enter
    TEMPORARY = "temporary"  # a program's own file, never read, or folder, never entered
    CONFLICT = "conflict"  # a conflicting copy from a synchroniser: reported, never read
    SETTINGS = "settings"  # settings or a lexicon: reported, never narrated; never a folder


IGNORE_FILE = ".narratedignore"
"""Ignore rules for all files in its folder and below; never a document."""
LEXICON = "lexicon.yaml"
"""Pronunciations for all posts in its folder and below. A longer name with this ending applies to
the posts and settings that name it."""

_NEVER = {
    *("", "icon\r", "desktop.ini", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "__macosx"),
    *("$recycle.bin", "system volume information", "@eadir", "#recycle", "lost+found"),
}

_TEMPORARY = re.compile(
    r"""
      \.                # every dotfile: rsync's and Syncthing's temporaries, vim's swap files,
                        # LibreOffice's locks, .DS_Store and ._x, .stfolder, .rsync-partial
    | ~\$               # Microsoft Office's owner files
    | ~syncthing~
    | .*~\Z             # backups of vim, emacs and rsync
    | \#.*\#\Z          # emacs's autosaves
    | .*\.(?:tmp|temp|part|partial|filepart|crdownload|opdownload|download|swp|swo|swx)\Z
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def judge(name: str) -> NameKind:
    """Return the kind of one path component."""
    folded = name.lower()
    if folded == FOLDER_SETTINGS:
        return NameKind.SETTINGS
    is_conflict = is_conflict_name(name)
    if folded in _NEVER or (_TEMPORARY.match(name) and not (is_conflict and _is_ours(folded))):
        return NameKind.TEMPORARY
    if is_conflict:
        return NameKind.CONFLICT
    return NameKind.SETTINGS if folded.endswith(LEXICON) else NameKind.DOCUMENT


def judge_path(path: str) -> NameKind:
    """Return the kind of an inbox path; everything below a program's own folder is temporary."""
    *folders, name = path.split("/")
    if any(judge(folder) in (NameKind.TEMPORARY, NameKind.SETTINGS) for folder in folders):
        return NameKind.TEMPORARY
    return judge(name)


def _is_ours(folded: str) -> bool:
    """True if a dotfile is a copy of a folder's settings, or of its ignore rules."""
    stem, _, suffix = FOLDER_SETTINGS.rpartition(".")
    is_rules = folded.startswith(IGNORE_FILE) or folded.endswith(IGNORE_FILE)
    return is_rules or (folded.startswith(stem) and folded.endswith(suffix))


def ignored(path: str, patterns: Sequence[str]) -> bool:
    """True if one of the user's glob patterns matches this relative path or a folder above it.

    As in .gitignore: a pattern without a slash matches a name at any depth, a pattern with a slash
    matches the path from the inbox's root; `*` and `?` stop at a slash, `**` does not.
    """
    return any(_compiled(pattern).match(path) for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    stem = pattern.rstrip("/")
    anywhere = "" if "/" in stem else "(?:.*/)?"
    return re.compile(
        anywhere + _GLOB.sub(_expression, stem.lstrip("/")) + r"(?:/.*)?\Z", re.DOTALL
    )


_GLOB = re.compile(r"\*\*/?|\*|\?|\[(?P<set>!?\]?[^]]*)\]|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _expression(match: re.Match[str]) -> str:
    """Translate one sign of a glob pattern."""
    if not match["set"]:
        return _WILD.get(match[0]) or re.escape(match[0])
    members = re.sub(r"[]^[\\]", r"\\\g<0>", match["set"])
    return f"(?!/)[{'^' + members[1:] if members.startswith('!') else members}]"
