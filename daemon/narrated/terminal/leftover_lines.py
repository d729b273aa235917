"""Finds the line of a file that holds a leftover: what is said has no lines of the source."""

import re
from pathlib import Path

import msgspec

from narrated.errors import NarratedError
from narrated.reading.text_decoding import decoded
from narrated.script.leftover_markup import Leftover

_WORD = re.compile(r"[^\W\d_]{2,}")
_SIGN = re.compile(r"[^\w\s…]")


def with_source_lines(found: tuple[Leftover, ...], source: Path) -> tuple[Leftover, ...]:
    """Give each leftover the line of its file; 0 stays where the file cannot be read."""
    try:
        lines = decoded(source.read_bytes(), source.name).lower().splitlines() if found else []
    except (OSError, NarratedError):
        return found
    return tuple(
        msgspec.structs.replace(each, source_line=_line_of(each.text, lines)) for each in found
    )


def _line_of(text: str, lines: list[str]) -> int:
    """Return the first line that shares most words and signs with a text; 0 for none."""
    words, signs = set(_WORD.findall(text.lower())), set(_SIGN.findall(text))
    best, most = 0, 0
    for number, line in enumerate(lines, start=1):
        shared = 3 * sum(word in line for word in words) + sum(sign in line for sign in signs)
        if shared > most:
            best, most = number, shared
    return best
