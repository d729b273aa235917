"""Merge two changes of one line, if they change different words.

Changes are found between words that occur once in both texts and stand in the same order (patience
diff, as in bzr and git): it takes no quadratic time, and says what a person would say.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from narrated.script.review.longest_rising import longest_rising

Words = Sequence[str]

_SENTENCE_ENDS = (".", "!", "?")


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


def moved_places(old: Words, new: Words, places: Sequence[int]) -> list[int]:
    """Give the places in a changed text that stand for these in the old one, which rise."""
    changes = list(_changes(old, new))
    moved: list[int] = []
    at = shift = 0
    for place in places:
        while at < len(changes) and changes[at].start < place:
            shift += len(changes[at].words) - (changes[at].end - changes[at].start)
            at += 1
        inside = max(0, changes[at - 1].end - place) if at else 0
        moved.append(place + inside + shift)
    return moved


def _changes(old: Words, new: Words) -> Iterator[_Change]:
    """Find the changes of a text, in order."""
    pairs = [(-1, -1), *_anchors(old, new), (len(old), len(new))]
    for (begin, new_begin), (end, new_end) in pairwise(pairs):
        change = _change(old[begin + 1 : end], new[new_begin + 1 : new_end], begin + 1)
        if change.start < change.end or change.words:
            yield _from_sentence(change, begin + 1, old)


def _anchors(old: Words, new: Words) -> list[tuple[int, int]]:
    """Give the places of words that occur once in both texts, in the same order."""
    counts, others = Counter(old), Counter(new)
    places = {word: at for at, word in enumerate(new) if others[word] == counts[word] == 1}
    pairs = [(at, places[word]) for at, word in enumerate(old) if word in places]
    return [pairs[at] for at in longest_rising([other for _, other in pairs])]


def _change(old: Words, new: Words, at: int) -> _Change:
    """Give the words that differ between two anchors, from the first to the last."""
    head = _count_equal(old, new)
    tail = min(_count_equal(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    return _Change(at + head, at + len(old) - tail, tuple(new[head : len(new) - tail]))


def _from_sentence(change: _Change, first: int, old: Words) -> _Change:
    """Move a change of equal words back to where a sentence begins: "It is. [It was.] It …".

    `first` is the least place that it may have.
    """
    start, end, words = change
    if words and start < end:
        return change
    moving = deque(words or old[start:end])
    while start and not old[start - 1].endswith(_SENTENCE_ENDS):
        if start == first or old[start - 1] != moving[-1]:
            return change
        moving.rotate(1)
        start, end = start - 1, end - 1
    return _Change(start, end, tuple(moving) if words else ())


def _count_equal(one: Words, other: Words) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
