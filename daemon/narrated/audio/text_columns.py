"""Graphemes of a text, and the columns that each takes in a caption."""

import re
from collections.abc import Iterator

_PLAIN = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1"
    "\u03a3-\u0482\u048a-\u052f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20c0]*"
)
"""Characters that are a grapheme of one column each, whatever stands beside them."""


def is_plain(text: str) -> bool:
    """True if each character is a grapheme by itself, one column wide."""
    return _PLAIN.fullmatch(text) is not None


def graphemes(text: str) -> Iterator[tuple[str, int]]:
    """Give each grapheme with its columns: 2 for most signs of China, Japan and Korea."""
    if is_plain(text):
        yield from ((sign, 1) for sign in text)
        return
    from wcwidth import iter_graphemes, wcswidth  # its tables cost more than a short post

    for grapheme in iter_graphemes(text):
        yield grapheme, max(0, wcswidth(grapheme))


def columns(text: str) -> int:
    """Count the columns of a text."""
    return len(text) if is_plain(text) else sum(width for _, width in graphemes(text))
