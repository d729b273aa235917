"""Cues: the sentences of a narration as captions, a few seconds and two short lines each."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from narrated.audio.cue_pieces import AT_SENTENCE, MOST_COLUMNS, Piece, pieces
from narrated.audio.heard_sentence import HeardSentence
from narrated.audio.text_columns import is_plain
from narrated.printable import encodable

LONGEST_MS = 7000
MOST_LINES = 2

_FULL_COLUMNS = MOST_LINES * MOST_COLUMNS
_CUE_COST = 1.0
"""Rather one cue more than two breaks between words."""
_UNEVEN_COST = 1.5
_LINE_BREAK, _UNEVEN_LINES = 0.4, 2.0
"""Of two lines: the weight of the break's own cost, and the cost of their difference."""
_STUB_COST = 0.7
_STUB_COLUMNS, _STUB_MS = 12, 1000


@dataclass(frozen=True, slots=True)
class Cue:
    """A caption: its time in milliseconds, and its lines."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def clean(text: str) -> str:
    """Put a text on one line, with single spaces, as UTF-8 can encode it."""
    return " ".join(encodable(text).split())


def cues(sentence: HeardSentence, text: str) -> Iterator[Cue]:
    """Give the cues of a sentence: `text` is its written or its spoken form, clean.

    They hold all of it, in order. A cue has more than two lines' width only if one grapheme has.
    """
    start_ms, end_ms = round(sentence.start_s * 1000), round(sentence.end_s * 1000)
    if len(text) <= MOST_COLUMNS and end_ms - start_ms <= LONGEST_MS and is_plain(text):
        if text:
            yield Cue(start_ms, end_ms, (text,))
        return
    found = pieces(text)
    starts_ms = _starts(found, sentence, text, start_ms, end_ms)
    ends = _ends(found, starts_ms) if found else []
    for first, end in pairwise([0, *ends]):
        until_ms = min(starts_ms[end], starts_ms[first] + LONGEST_MS)
        yield Cue(starts_ms[first], until_ms, _lines(found[first:end]))


def _starts(
    found: Sequence[Piece], sentence: HeardSentence, text: str, start_ms: int, end_ms: int
) -> list[int]:
    """When each piece is heard, and when the last one ends.

    Where no word's time is known, a sentence's time is shared by the widths of its words.
    """
    weights = (piece.columns + 1 for piece in found)
    places = list(accumulate(weights, initial=0))
    known = [(0, start_ms), (places[-1] or 1, end_ms)]
    known[1:1] = _known(found, places, sentence, text)
    return list(_interpolated(places, known))


def _known(
    found: Sequence[Piece], places: Sequence[int], sentence: HeardSentence, text: str
) -> Iterator[tuple[int, int]]:
    """The times of the pieces that begin a word with a known time."""
    heard = dict(sentence.times_in(text))
    at, latest_ms, end_ms = 0, round(sentence.start_s * 1000), round(sentence.end_s * 1000)
    for piece, place in zip(found, places, strict=False):
        at += piece.follows_space
        time_s = heard.get(at)
        at += len(piece.text)
        if time_s is None or not place:
            continue
        time_ms = round(time_s * 1000)
        if latest_ms < time_ms < end_ms:  # an engine may tell them out of order
            latest_ms = time_ms
            yield place, time_ms


def _interpolated(places: Sequence[int], known: Sequence[tuple[int, int]]) -> Iterator[int]:
    at = 0
    for place in places:
        while at < len(known) - 2 and known[at + 1][0] <= place:
            at += 1
        (low, low_ms), (high, high_ms) = known[at], known[at + 1]
        yield low_ms + round((high_ms - low_ms) * (place - low) / (high - low))


def _ends(found: Sequence[Piece], starts_ms: Sequence[int]) -> list[int]:
    """The ends of the cues, as numbers of pieces: the cheapest way to cut them.

    As few cues as can be, of about one width, that end where a clause does.
    """
    widths = list(accumulate((each.columns + each.follows_space for each in found), initial=0))
    line_ends = [_line_end(widths, first, found) for first in range(len(found))]
    duration_ms = starts_ms[-1] - starts_ms[0]
    least = max(1, -(-widths[-1] // _FULL_COLUMNS), -(-duration_ms // LONGEST_MS))
    even = widths[-1] / least
    best = [0.0] + [float("inf")] * len(found)
    befores = [0] * (len(found) + 1)
    for first in range(len(found)):
        for end in range(first + 1, _longest_end(first, line_ends, starts_ms) + 1):
            width = widths[end] - widths[first]
            cost = best[first] + _CUE_COST + _UNEVEN_COST * ((width - even) / _FULL_COLUMNS) ** 2
            cost += found[end - 1].break_cost if end < len(found) else AT_SENTENCE
            if width < _STUB_COLUMNS or starts_ms[end] - starts_ms[first] < _STUB_MS:
                cost += _STUB_COST
            if cost < best[end]:
                best[end], befores[end] = cost, first
    ends = [len(found)]
    while before := befores[ends[-1]]:
        ends.append(before)
    return ends[::-1]


def _longest_end(first: int, line_ends: Sequence[int], starts_ms: Sequence[int]) -> int:
    """The end of the longest cue from a piece on; it has one piece at least."""
    end = line_ends[first]
    if end < len(line_ends):
        end = line_ends[end]
    in_time = bisect_right(starts_ms, starts_ms[first] + LONGEST_MS, first + 1) - 1
    return max(first + 1, min(end, in_time))


def _line_end(widths: Sequence[int], first: int, found: Sequence[Piece]) -> int:
    """The end of the longest line from a piece on; it has one piece at least."""
    begins = widths[first] + found[first].follows_space
    return max(first + 1, bisect_right(widths, begins + MOST_COLUMNS, first + 1) - 1)


def _lines(found: Sequence[Piece]) -> tuple[str, ...]:
    """Put the pieces of a cue into one line, or into two of about one width."""
    whole = _joined(found)
    widths = list(accumulate((each.columns + each.follows_space for each in found), initial=0))
    width = widths[-1] - found[0].follows_space
    if width <= MOST_COLUMNS or len(found) == 1:
        return (whole,)

    def cost(place: int) -> tuple[bool, float]:
        first = widths[place] - found[0].follows_space
        second = width - first - found[place].follows_space
        is_wide = max(first, second) > MOST_COLUMNS
        uneven = _UNEVEN_LINES * abs(first - second) / MOST_COLUMNS
        return is_wide, _LINE_BREAK * found[place - 1].break_cost + uneven

    place = min(range(1, len(found)), key=cost)
    return _joined(found[:place]), _joined(found[place:])


def _joined(found: Sequence[Piece]) -> str:
    first, *others = found
    return first.text + "".join(" " * each.follows_space + each.text for each in others)
