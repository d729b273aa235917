"""Copies of a post's pictures, and the form of a parser's answers about its text."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec


class PageCopy(NamedTuple):
    """A copy of a picture beside the page, and its size."""

    file: str
    width: int = 0
    height: int = 0


PageCopies = Mapping[str, PageCopy]
"""By a picture's address, as the author wrote it."""


class DraftWithText(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a request for a draft with its text."""

    draft: bytes
    """JSON of the `Draft`."""
    text: bytes
    """The encoded `KeptText`."""


class CopyAnswer(msgspec.Struct, frozen=True, array_like=True):
    """A copy of a picture, and its size."""

    jpeg: bytes
    width: int
    height: int
