"""What a name in the inbox says: a document, a setting, unfinished business, or a conflict."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache


class NameKind(StrEnum):
    """What one path component stands for, judged by its name alone."""

    DOCUMENT = "document"
    """Somebody's own name: a file to read, or a folder to enter."""
    TEMPORARY = "temporary"
    """Never a document: a program's own file. A folder of this kind is not entered."""
    CONFLICT = "conflict"
    """A copy that a synchroniser set aside: reported, never read."""
    SETTINGS = "settings"
    """Holds for documents and is none: found as they are, never narrated. No folder has it."""


FOLDER_SETTINGS = ".narrated.yaml"
"""What holds for the folder that it lies in and all below."""
LEXICON = "lexicon.yaml"
"""How words are said in its folder and below; a longer name that ends so is for who names it."""


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
    """Say what one path component stands for."""
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
    """Say what a path of the inbox stands for; below a program's own folder nothing is read."""
    *folders, name = path.split("/")
    if any(judge(folder) in (NameKind.TEMPORARY, NameKind.SETTINGS) for folder in folders):
        return NameKind.TEMPORARY
    return judge(name)


def _is_ours(folded: str) -> bool:
    """Tell a copy of a folder's settings from all other dotfiles."""
    stem, _, suffix = FOLDER_SETTINGS.rpartition(".")
    return folded.startswith(stem) and folded.endswith(suffix)


def ignored(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether one of the user's glob patterns names this relative path, or a folder above it.

    As in .gitignore: a pattern without a slash holds for a name at any depth, one with a slash for
    the path from the inbox's root; `*` and `?` stop at a slash, `**` does not.
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
