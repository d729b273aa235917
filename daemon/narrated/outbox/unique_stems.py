"""Unique stems: the name in the outbox for each source's path in the inbox.

A stem is a path relative to the outbox without a suffix: `dir/post` for `dir/post.md`, which
becomes `dir/post.mp3`, `dir/post.vtt` and so on.
"""

import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from pathlib import PurePosixPath

from narrated.audio.formats import LONG_SUFFIXES
from narrated.outbox.portable_names import USUAL_RULES, NameRules
from narrated.reading.file_kinds import is_gallery_path

ERROR_SUFFIX = ".error.txt"
MERGE_SUFFIX = ".merge.txt"
STATUS_NAME = "narrated.status.txt"

_PODCAST_NAMES = ("feed.xml", "index.html", "index.files", "folder.jpg")
"""Files that stand in a folder for all of its narrations; none of these ends in their suffixes."""
_LONGEST_OUTPUT_SUFFIX = len(".json")
_MOST_COMPARED = 8
"""Candidates that `follows` looks at: hardly ever do more sources share one stem."""


def fold(stem: str) -> str:
    """Fold a stem so that two stems are equal if a file system cannot tell them apart.

    A laptop's may fold case and compose accents: `Café` in either spelling is `CAFÉ` there.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", stem).casefold())


def stem(path: str, taken: Callable[[str], bool], rules: NameRules = USUAL_RULES) -> str:
    """Return the stem of a source at this inbox-relative path, neither taken nor reserved.

    `dir/post.md` is `dir/post`; where that is taken `dir/post.md`, then `dir/post.md-2` and so
    on. The gallery of the folder `dir/album` is `dir/album`, then `dir/album.gallery`. `taken` gets
    the folded stem. Errors: ValueError for a path that leaves the outbox.
    """
    if not is_inside(path):
        raise ValueError(f"{path!r} is not a path inside the inbox")
    keys = ((each, fold(each)) for each in _candidates(path, rules))
    return next(each for each, key in keys if not _is_reserved(key) and not taken(key))


def suits(stem: str, rules: NameRules) -> bool:
    """True if the files of a stem may stand under these rules, its note perhaps elsewhere."""
    *folders, name = stem.split("/")
    return all(map(rules.allow, folders)) and rules.allow(name, _LONGEST_OUTPUT_SUFFIX)


def follows(path: str, stem: str, rules: NameRules) -> bool:
    """True if a source may have got its stem by these rules."""
    return stem in islice(_candidates(path, rules), _MOST_COMPARED)


def preferred(path: str, rules: NameRules) -> str | None:
    """Return the first stem that a source would get by its path; None if it is reserved."""
    first = next(_candidates(path, rules))
    return None if _is_reserved(fold(first)) else first


def is_inside(path: str) -> bool:
    """True if a relative path stays inside its folder and names a file."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or "\0" in part for part in parts)


def _candidates(path: str, rules: NameRules) -> Iterator[str]:
    *folders, full = _named(path).split("/")
    above = "".join(f"{_folder(folder, rules)}/" for folder in folders)
    numbered = ((full, f"-{number}") for number in count(2))
    for name, ending in chain([(PurePosixPath(full).stem, ""), (full, "")], numbered):
        yield above + rules.fitted(name, ending, len(ERROR_SUFFIX))


def _named(path: str) -> str:
    """Return the path that names a source: a gallery stands beside its folder, under its name."""
    if not is_gallery_path(path):
        return path
    return f"{path.rpartition('/')[0] or 'pictures'}.gallery"


def _folder(name: str, rules: NameRules) -> str:
    """The name of a folder, which is none that a file of the podcast has."""
    fitted = rules.fitted(name)
    ending = "-folder" if rules.is_plain else "~folder"
    return rules.fitted(name, ending) if fold(fitted) in _PODCAST_NAMES else fitted


def _is_reserved(key: str) -> bool:
    """True for names under which we write notes, chapters and transcripts.

    A picture's `.txt` would overwrite the notes, and the manifest of `post.chapters` the chapters
    of `post`. A stem of before there were such files stays.
    """
    endings = (".error", ".merge", *(suffix.removesuffix(".json") for suffix in LONG_SUFFIXES))
    return key.endswith(endings) or key == STATUS_NAME.removesuffix(".txt")
