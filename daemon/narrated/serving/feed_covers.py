"""Reads which covers a feed of ours names, a piece at a time: a feed may have many megabytes."""

import os
import re
from collections.abc import Iterator
from io import BufferedReader
from itertools import islice
from urllib.parse import unquote_to_bytes

from narrated.podcast.feed_parts import MARK, MOST_HEAD_BYTES

_SELF = re.compile(rb'<atom:link href="([^"<>]{1,2048})" rel="self"')
_COVER = re.compile(rb'<itunes:image href="([^"<>]{1,4096})"')
_LONGEST = 4200
"""The bytes of the longest match of `_COVER`."""
_PIECE_BYTES = 1 << 20
_MOST_BYTES = 1 << 28
_MOST_COVERS = 100_000


def is_feed(file: BufferedReader) -> bool:
    """True if an open file is a feed that narrated wrote; it is then at its beginning again."""
    beginning = file.read(len(MARK) + 100)
    file.seek(0)
    return MARK in beginning


def covers_in(file: BufferedReader, feed_path: str) -> frozenset[str]:
    """Return the outbox paths of the covers that an open feed of ours names."""
    head = file.read(MOST_HEAD_BYTES)
    file.seek(0)
    base, folder = _base_of(head, feed_path)
    found = (_path(address, base, folder) for address in _addresses(file))
    return frozenset(islice(filter(None, found), _MOST_COVERS))


def _base_of(head: bytes, feed_path: str) -> tuple[bytes, str]:
    """The address of a feed's folder, if the feed tells it, and the path of that folder."""
    own = _SELF.search(head)
    base = b"" if own is None else own[1].rpartition(b"/")[0] + b"/"
    return base, feed_path.rpartition("/")[0]


def _addresses(file: BufferedReader) -> Iterator[bytes]:
    rest = b""
    for _ in range(_MOST_BYTES // _PIECE_BYTES):
        piece = file.read(_PIECE_BYTES)
        if not piece:
            return
        text = rest + piece
        end = 0
        for found in _COVER.finditer(text):
            end = found.end()
            yield found[1]
        rest = text[max(end, len(text) - _LONGEST) :]


def _path(address: bytes, base: bytes, folder: str) -> str:
    """The outbox path of an address; empty if it is not below the outbox."""
    if not address.startswith(base):
        return ""
    below = os.fsdecode(unquote_to_bytes(address.removeprefix(base)))
    return f"{folder}/{below}" if folder else below
