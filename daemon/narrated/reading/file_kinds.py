"""Kinds of files by their suffix: read, unread although a person expects it, and all others."""

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from itertools import islice
from pathlib import Path

from narrated.human_formatting import count_noun
from narrated.printable import printable

PLAIN = frozenset({".txt"})
MARKDOWN = frozenset({".md", ".markdown"})
PAGES = frozenset({".html", ".htm"})
TEXTS = PLAIN | MARKDOWN | PAGES
"""Suffixes of readable texts, in lower case."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
"""Suffixes of pictures that can be described, in lower case."""
READ = TEXTS | PICTURES
FOLDER_SETTINGS = ".narrated.yaml"
"""Settings for all posts in its folder and below; with `gallery: true` a source as well."""

TABLE = Path(__file__).with_name("file_kinds.toml")


class FileKind(StrEnum):
    """The treatment of files of a suffix."""

    READ = "read"
    UNREAD = "unread"  # a person expects it to be read: it gets a note
    OTHER = "other"  # counted, and otherwise left alone


def is_gallery_path(path: str) -> bool:
    """True if a source can only be a gallery: it is the settings file of a folder."""
    return path.rpartition("/")[2] == FOLDER_SETTINGS


def gallery_in(folder: str) -> str:
    """Return the path that the gallery of a folder has, if the folder is one."""
    return f"{folder}/{FOLDER_SETTINGS}" if folder else FOLDER_SETTINGS


def may_be_gallery(settings: bytes) -> bool:
    """True if the settings of a folder mention a gallery; a parser tells whether it is one."""
    return b"gallery" in settings


def suffix_of(name: str) -> str:
    """Return the suffix of a path or a name, in lower case; "" if it has none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  # fast: a scan asks for each file


def file_kind(name: str) -> FileKind:
    """Return the kind of a path or a name."""
    suffix = suffix_of(name)
    if suffix in READ:
        return FileKind.READ
    return FileKind.UNREAD if suffix in _remedies() else FileKind.OTHER


def remedy_for(name: str) -> str:
    """Say how a file becomes one that narrated reads; "" if nobody expects it to be read."""
    return _remedies().get(suffix_of(name), "")


def other_kinds_line(kinds: Mapping[str, int]) -> str:
    """Say how many files are of no kind that is read, and of which kinds they are."""
    shown = [f"{printable(kind) or 'no suffix'} {n}" for kind, n in islice(kinds.items(), 5)]
    more = ", …" if len(kinds) > len(shown) else ""
    return f"{count_noun(sum(kinds.values()), 'file')} of other kinds ({', '.join(shown)}{more})"


@cache
def _remedies() -> dict[str, str]:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {suffix: each["remedy"] for each in table["unread"] for suffix in each["suffixes"]}
