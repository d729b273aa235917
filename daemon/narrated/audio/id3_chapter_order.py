"""The order of chapters in an ID3v2.3 tag: mutagen sorts frames by size, players take the file's.

FFmpeg's libraries, and what is built on them, list chapters as they stand in the file.
"""

import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

_HEADER_BYTES = 10
"""Those of the tag, and of each frame."""
_CHAPTER = b"CHAP"


def order_chapters(path: Path) -> None:
    """Put the chapters of a tag that mutagen wrote into the order of their times, in place.

    Errors: OSError.
    """
    with path.open("r+b") as file:
        *_, a, b, c, d = file.read(_HEADER_BYTES)
        tag = file.read(a << 21 | b << 14 | c << 7 | d)  # seven bits a byte
        frames = list(_frames(tag))
        chapters = sorted((each for each in frames if each.startswith(_CHAPTER)), key=_start_ms)
        others = (each for each in frames if not each.startswith(_CHAPTER))
        file.seek(_HEADER_BYTES)
        file.writelines(chain(others, chapters))


def _frames(tag: bytes) -> Iterator[bytes]:
    """Yield the frames before the padding."""
    at = 0
    while tag[at : at + 1].isalpha():
        (size,) = struct.unpack_from(">I", tag, at + 4)
        yield tag[at : at + _HEADER_BYTES + size]
        at += _HEADER_BYTES + size


def _start_ms(chapter: bytes) -> int:
    after_name = chapter.index(b"\0", _HEADER_BYTES) + 1
    (start_ms,) = struct.unpack_from(">I", chapter, after_name)
    return int(start_ms)
