"""Pieces of a sentence: its words, or parts of words, between which a caption may break."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from narrated.audio.text_columns import columns, graphemes, is_plain

MOST_COLUMNS = 42
"""The longest line of a caption."""

AT_SENTENCE, AT_CLAUSE, AT_WORD, AFTER_SHORT_WORD, IN_WORD = 0.0, 0.2, 2.2, 2.5, 4.5
"""The costs of a break after a piece."""

_ENDS = frozenset(".!?…。！？؟۔।॥։")
_CLAUSES = frozenset(",;:–—،؛，、；：")
_CLOSING = "\"'”’»›)]}」』）】》〉〕｝］"
_OPENING = frozenset("“‘«‹([{「『（【《〈〔｛［")
_KEPT = _ENDS | _CLAUSES | frozenset(_CLOSING)
"""Signs that begin no line of a text without spaces."""
_MARKS_IN_WORD = frozenset("/-_.,?&=+:;|\\@#")
_SHORT, _LEAST_BEFORE_STOP, _LEAST_PART = 3, 5, 8
_HANGUL = range(0xAC00, 0xD7A4)

Signs = list[tuple[str, int]]
"""Graphemes with their columns."""


class Piece(NamedTuple):
    """A part of a text that stands in one line."""

    text: str
    columns: int
    follows_space: bool
    break_cost: float
    """The cost of a break after it."""


def pieces(text: str) -> list[Piece]:
    """Cut a text, in which single spaces alone part the words, into pieces.

    A piece is wider than a line only if one grapheme of it is.
    """
    found: list[Piece] = []
    for word in text.split(" ") if is_plain(text) else _words(text):
        follows_space = bool(found)
        for part, cost in _parts(word):
            if follows_space and part[0] in _OPENING and found[-1].break_cost > AT_CLAUSE:
                found[-1] = found[-1]._replace(break_cost=AT_CLAUSE)
            found.append(Piece(part, columns(part), follows_space, cost))
            follows_space = False
    return found


def _words(text: str) -> Iterator[str]:
    """The words of a text; a space that bears an accent parts none."""
    word: list[str] = []
    for sign, _ in graphemes(text):
        if sign != " ":
            word.append(sign)
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def _parts(word: str) -> Iterator[tuple[str, float]]:
    """The parts of a word, and the cost of a break after each.

    There are several if it is wider than a line, or of a script that parts no words.
    """
    if is_plain(word) and len(word) <= MOST_COLUMNS:
        if word:
            yield word, _cost_after(word)
        return
    runs = _runs(list(graphemes(word)))
    for number, run in enumerate(runs, 1):
        *slices, last = _slices(run)
        yield from ((each, IN_WORD) for each in slices)
        yield last, _cost_after(word if number == len(runs) else last)


def _runs(word: Signs) -> list[Signs]:
    """Cut a word between wide signs, but before no closing sign and after no opening one."""
    runs = [word[:1]]
    for (before, width_before), (sign, width) in pairwise(word):
        is_wide = max(width, width_before) > 1 and not _is_hangul(before + sign)
        if is_wide and sign[0] not in _KEPT and before[0] not in _OPENING:
            runs.append([(sign, width)])
        else:
            runs[-1].append((sign, width))
    return runs


def _is_hangul(signs: str) -> bool:
    return any(ord(sign) in _HANGUL for sign in signs)


def _slices(run: Signs) -> Iterator[str]:
    """Cut a run that is wider than a line: after signs such as a slash, or where it must."""
    is_wide = sum(width for _, width in run) > MOST_COLUMNS
    part, part_columns = "", 0
    for sign, width in run:
        if part and part_columns + width > MOST_COLUMNS:
            yield part
            part, part_columns = "", 0
        part += sign
        part_columns += width
        if is_wide and sign[0] in _MARKS_IN_WORD and part_columns >= _LEAST_PART:
            yield part
            part, part_columns = "", 0
    if part:
        yield part


def _cost_after(word: str) -> float:
    bare = word.rstrip(_CLOSING)
    last = bare[-1:]
    if last in _CLAUSES:
        return AT_CLAUSE
    if last in _ENDS and (last != "." or len(bare) >= _LEAST_BEFORE_STOP):  # "Dr.", "No."
        return AT_SENTENCE
    is_short = len(bare) <= _SHORT and is_plain(bare)
    return AFTER_SHORT_WORD if is_short else AT_WORD
