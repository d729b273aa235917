"""Merge two changes of one line, if they change different words."""

from itertools import takewhile
from typing import NamedTuple


class _Change(NamedTuple):
    """The words from `start` to `end` are replaced."""

    start: int
    end: int
    words: list[str]


def merged_words(base: str, one: str, other: str) -> str | None:
    """Apply both changes to a line; None if they touch."""
    old = base.split(" ")
    changes = sorted(_change(old, text.split(" ")) for text in (one, other))
    first, second = changes
    if first.end >= second.start:
        return None
    between, rest = old[first.end : second.start], old[second.end :]
    return " ".join([*old[: first.start], *first.words, *between, *second.words, *rest])


def _change(old: list[str], new: list[str]) -> _Change:
    """Find the words that differ, from the first to the last."""
    head = _count_equal(old, new)
    tail = min(_count_equal(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    return _Change(head, len(old) - tail, new[head : len(new) - tail])


def _count_equal(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
