"""Unique stems: the name in the outbox for each source's path in the inbox.

A stem is a path relative to the outbox without a suffix: `dir/post` for `dir/post.md`, which
becomes `dir/post.mp3`, `dir/post.vtt` and so on.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import PurePosixPath

ERROR_SUFFIX = ".error.txt"
STATUS_NAME = "narrated.status.txt"

LONGEST_NAME_BYTES = 255
"""The longest name of usual file systems."""

_LONGEST_STEM_BYTES = LONGEST_NAME_BYTES - len(ERROR_SUFFIX)
_DIGEST_LENGTH = 8


def fold(stem: str) -> str:
    """Fold a stem so that two stems are equal if a file system cannot tell them apart.

    A laptop's may fold case and compose accents: `Café` in either spelling is `CAFÉ` there.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", stem).casefold())


def stem(path: str, taken: Callable[[str], bool]) -> str:
    """Return the stem of a source at this inbox-relative path, neither taken nor reserved.

    `dir/post.md` is `dir/post`; where that is taken `dir/post.md`, then `dir/post.md-2` and so
    on. `taken` gets the folded stem. Errors: ValueError for a path that leaves the outbox.
    """
    if not is_inside(path):
        raise ValueError(f"{path!r} is not a path inside the inbox")
    keys = ((each, fold(each)) for each in _candidates(path))
    return next(each for each, key in keys if not _is_reserved(key) and not taken(key))


def is_inside(path: str) -> bool:
    """True if a relative path stays inside its folder and names a file."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or "\0" in part for part in parts)


def _candidates(path: str) -> Iterator[str]:
    folder, slash, full = path.rpartition("/")
    numbered = ((full, f"-{number}") for number in count(2))
    for name, ending in chain([(PurePosixPath(full).stem, ""), (full, "")], numbered):
        yield folder + slash + _short_enough(name, ending)


def _short_enough(name: str, ending: str) -> str:
    """The name with its ending, shortened to leave room for the longest suffix in the folder.

    A shortened name carries a digest of the whole, so that two long names stay two.
    """
    if len(os.fsencode(name + ending)) <= _LONGEST_STEM_BYTES:
        return name + ending
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:_DIGEST_LENGTH]
    tail = f"~{digest}{ending}"
    short = name
    while len(os.fsencode(short + tail)) > _LONGEST_STEM_BYTES:
        short = short[:-1]
    return short + tail


def _is_reserved(key: str) -> bool:
    """True for names under which we write notes: a picture's `.txt` would overwrite them."""
    return key.endswith(".error") or key == STATUS_NAME.removesuffix(".txt")
