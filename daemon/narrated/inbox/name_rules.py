"""Name rules of the inbox: document, settings, temporary file or conflicting copy."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache


class NameKind(StrEnum):
    """Kind of one path component, judged by its name alone."""

    DOCUMENT = "document"
    """A file to read, or a folder to enter."""
    TEMPORARY = "temporary"
    """A program's own file, never a document. The scanner enters no folder of this kind."""
    CONFLICT = "conflict"
    """A conflicting copy from a synchroniser: reported, never read."""
    SETTINGS = "settings"
    """A settings file or lexicon: reported like a document, never narrated. Never a folder."""


FOLDER_SETTINGS = ".narrated.yaml"
"""Settings for all posts in its folder and below."""
LEXICON = "lexicon.yaml"
"""Pronunciations for all posts in its folder and below. A longer name with this ending applies to
the posts and settings that name it."""


_NEVER = frozenset(
    {
        "",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "$recycle.bin",
        "system volume information",
        "__macosx",
        "icon\r",
        "@eadir",
        "#recycle",
        "lost+found",
    }
)

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

_CONFLICT = re.compile(
    r"""
      .*\.sync-conflict-\d{8}-\d{6}-[A-Z0-9]{7}                 # Syncthing
    | .*\(.*conflicted\ copy\ \d{4}-\d{2}-\d{2}.*\)             # Dropbox, Nextcloud
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def judge(name: str) -> NameKind:
    """Return the kind of one path component."""
    folded = name.lower()
    if folded == FOLDER_SETTINGS:
        return NameKind.SETTINGS
    is_conflict = _CONFLICT.match(name)
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
    """True if a dotfile is a copy of a folder's settings."""
    stem, _, suffix = FOLDER_SETTINGS.rpartition(".")
    return folded.startswith(stem) and folded.endswith(suffix)


def ignored(path: str, patterns: Sequence[str]) -> bool:
    """True if one of the user's glob patterns matches this relative path or a folder above it.

    As in .gitignore: a pattern without a slash matches a name at any depth, a pattern with a slash
    matches the path from the inbox's root; `*` and `?` stop at a slash, `**` does not.
    """
    return any(_compiled(pattern).match(path) for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    stem = pattern.rstrip("/")
    anchored = "/" in stem
    anywhere = "" if anchored else "(?:.*/)?"
    return re.compile(anywhere + _translated(stem.lstrip("/")) + r"(?:/.*)?\Z", re.DOTALL)


_GLOB = re.compile(
    r"(?P<deep>\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|\[(?P<set>!?\]?[^]]*)\]"
)


def _translated(glob: str) -> str:
    parts, end = [], 0
    for match in _GLOB.finditer(glob):
        parts += [re.escape(glob[end : match.start()]), _expression(match)]
        end = match.end()
    return "".join(parts) + re.escape(glob[end:])


def _expression(match: re.Match[str]) -> str:
    plain = {"deep": "(?:.*/)?", "all": ".*", "some": "[^/]*", "one": "[^/]"}
    kind = match.lastgroup or ""
    if kind != "set":
        return plain[kind]
    members = match["set"].replace("\\", r"\\").replace("[", r"\[")
    if members.startswith("!"):
        return f"(?!/)[^{_guarded(members[1:])}]"
    return f"(?!/)[{_guarded(members)}]"


def _guarded(members: str) -> str:
    if members.startswith(("]", "^")):
        members = "\\" + members
    return members
