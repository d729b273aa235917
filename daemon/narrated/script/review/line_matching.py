"""Find each line of the old script in the new one: by its words in the source, or by likeness."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from narrated.script.review.review_script import ReviewLine
from narrated.script.words_of_text import words_of_text

_LIKE = 0.4
"""Share of words that two lines have in common if one is the other with changes."""
_WINDOW = 8
"""New lines between two known ones that an old line is compared with."""

Lines = Sequence[ReviewLine]


def matched_lines(old: Lines, new: Lines) -> dict[int, int]:
    """Map places of old lines to those of the same lines in the new script."""
    found = _unchanged(old, new)
    pairs = _gaps(old, new, found)
    for old_gap, new_gap in pairs:
        found |= dict(_alike(old, new, old_gap, new_gap))
    return found


def _unchanged(old: Lines, new: Lines) -> dict[int, int]:
    """Match lines of the same role with the same words in the source, the nth with the nth."""
    places = dict(zip(_keys(new), range(len(new)), strict=True))
    return {at: places[key] for at, key in enumerate(_keys(old)) if key in places}


def _keys(lines: Lines) -> Iterator[tuple[str, str, int]]:
    seen: Counter[tuple[str, str]] = Counter()
    for line in lines:
        key = (line.role.value, line.source or line.text)
        seen[key] += 1
        yield (*key, seen[key])


def _gaps(
    old: Lines, new: Lines, found: Mapping[int, int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Give the unmatched old lines after each matched one, with the new lines after its match."""
    claimed = set(found.values())
    after = {found[at]: gap for at, gap in _runs(len(old), set(found)) if at in found}
    after[-1] = next((gap for at, gap in _runs(len(old), set(found)) if at == -1), [])
    for at, gap in _runs(len(new), claimed):
        if gap and after.get(at):
            yield after[at], gap


def _runs(length: int, matched: set[int]) -> Iterator[tuple[int, list[int]]]:
    """Give the places without a match after each place with one, and after the start, -1."""
    begin, gap = -1, list[int]()
    for at in range(length):
        if at in matched:
            yield begin, gap
            begin, gap = at, []
        else:
            gap.append(at)
    yield begin, gap


def _alike(
    old: Lines, new: Lines, old_gap: Sequence[int], new_gap: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Match lines of two gaps that share words, in order."""
    others = [_words(new[at]) for at in new_gap]
    begin = 0
    for at in old_gap:
        words = _words(old[at])
        near = range(begin, min(begin + _WINDOW, len(new_gap)))
        likeness = {one: words.likeness(others[one]) for one in near}
        best = max(likeness, key=lambda one: likeness[one], default=None)
        if best is not None and likeness[best] >= _LIKE:
            yield at, new_gap[best]
            begin = best + 1


class _Words(NamedTuple):
    """The words of a line, counted once: a short line is then compared with a long one at once."""

    counts: Counter[str]
    total: int

    def likeness(self, other: "_Words") -> float:
        """The share of words that two lines have in common, from 0 to 1."""
        short, long = sorted((self.counts, other.counts), key=len)
        shared = sum(min(count, long[word]) for word, count in short.items())
        return 2 * shared / max(1, self.total + other.total)


def _words(line: ReviewLine) -> _Words:
    counts = Counter(words_of_text(line.text.lower()))
    return _Words(counts, counts.total())
