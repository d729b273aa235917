"""Merge two changes of one line, if they change different words.

Changes are found between words that occur once in both texts and stand in the same order (patience
diff, as in bzr and git): it takes no quadratic time, and says what a person would say.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from narrated.script.review.longest_rising import longest_rising

Words = Sequence[str]


class _Change(NamedTuple):
    """The words from `start` to `end` are replaced."""

    start: int
    end: int
    words: tuple[str, ...]


def merged_words(base: str, one: str, other: str) -> str | None:
    """Apply both changes to a line; None if they touch."""
    old = base.split(" ")
    changes = sorted({*_changes(old, one.split(" ")), *_changes(old, other.split(" "))})
    if any(after.start <= before.end for before, after in pairwise(changes)):
        return None
    words: list[str] = []
    end = 0
    for change in changes:
        words += [*old[end : change.start], *change.words]
        end = change.end
    return " ".join([*words, *old[end:]])


def _changes(old: Words, new: Words) -> Iterator[_Change]:
    """Find the changes of a text, in order."""
    pairs = [(-1, -1), *_anchors(old, new), (len(old), len(new))]
    for (begin, new_begin), (end, new_end) in pairwise(pairs):
        yield from _change(old[begin + 1 : end], new[new_begin + 1 : new_end], begin + 1)


def _anchors(old: Words, new: Words) -> list[tuple[int, int]]:
    """Give the places of words that occur once in both texts, in the same order."""
    counts, others = Counter(old), Counter(new)
    places = {word: at for at, word in enumerate(new) if others[word] == counts[word] == 1}
    pairs = [(at, places[word]) for at, word in enumerate(old) if word in places]
    return [pairs[at] for at in longest_rising([other for _, other in pairs])]


def _change(old: Words, new: Words, at: int) -> Iterator[_Change]:
    """Give the words that differ between two anchors, from the first to the last."""
    head = _count_equal(old, new)
    tail = min(_count_equal(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    change = _Change(at + head, at + len(old) - tail, tuple(new[head : len(new) - tail]))
    if change.start < change.end or change.words:
        yield change


def _count_equal(one: Words, other: Words) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
