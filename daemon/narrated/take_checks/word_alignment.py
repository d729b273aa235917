"""Align the words that were said with those that were heard.

Needleman and Wunsch with three more steps: up to three words on one side are one on the other if
they are written alike ("data base", "database"). Equal words at both ends are taken off first, and
the table has a band about its diagonals, so its size is bounded by the words that differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf

from narrated.take_checks.compared_words import Word
from narrated.take_checks.letter_distance import letter_distance
from narrated.take_checks.word_sounds import sound_key

_SKIP = 0.75
_CHANGE = 0.2
"""A changed word costs this, and the share of its letters that differ: less than two skips."""
_NAME = 0.3
_JOIN = 0.05
_ALIKE = 0.25
"""The share of letters in which words may differ that are joined on one side."""
_MOST_MORE = 2
"""Letters that the words of one side may have more, to be one word of the other."""
_BAND = 30
_JOINS = ((1, 2), (2, 1), (1, 3), (3, 1))


@dataclass(frozen=True, slots=True)
class Difference:
    """Neighbouring words that were said, and what was heard in their place."""

    at: int
    """The number of the first word in the text."""
    said: tuple[Word, ...]
    heard: tuple[Word, ...]


def differences(said: Sequence[Word], heard: Sequence[Word]) -> list[Difference]:
    """Give the places at which two texts differ. A light word in between parts no two places."""
    head = _equal(said, heard)
    tail = _equal(said[head:][::-1], heard[head:][::-1])
    said, heard = said[head : len(said) - tail], heard[head : len(heard) - tail]
    if not said and not heard:
        return []
    places = _differences(said, heard, _steps(said, heard))
    return [replace(place, at=place.at + head) for place in places]


def _equal(said: Sequence[Word], heard: Sequence[Word]) -> int:
    count = 0
    for one, other in zip(said, heard, strict=False):
        if one.key != other.key:
            break
        count += 1
    return count


def _differences(
    said: Sequence[Word], heard: Sequence[Word], steps: list[tuple[int, int, bool]]
) -> Iterator[Difference]:
    at = other = begin = other_begin = 0
    end, other_end = 0, 0  # of the difference that is open
    for ones, others, is_same in steps:
        if is_same and any(word.weight for word in said[at : at + ones]):
            if end > begin or other_end > other_begin:
                yield Difference(begin, tuple(said[begin:end]), tuple(heard[other_begin:other_end]))
            begin, other_begin = at + ones, other + others
            end, other_end = begin, other_begin
        elif is_same and (end, other_end) == (begin, other_begin):
            begin, other_begin = at + ones, other + others
            end, other_end = begin, other_begin
        elif not is_same:
            end, other_end = at + ones, other + others
        at, other = at + ones, other + others
    if end > begin or other_end > other_begin:
        yield Difference(begin, tuple(said[begin:end]), tuple(heard[other_begin:other_end]))


def _steps(said: Sequence[Word], heard: Sequence[Word]) -> list[tuple[int, int, bool]]:
    """Give the cheapest way: words of either side, and True if they are the same."""
    rows, columns = len(said), len(heard)
    costs = [[inf] * (columns + 1) for _ in range(rows + 1)]
    back: list[list[tuple[int, int, bool]]] = [[(0, 0, False)] * (columns + 1) for _ in costs]
    costs[0][0] = 0.0
    one_side, other_side = _Side(said), _Side(heard)
    for at in range(rows + 1):
        for other in _band(at, rows, columns):
            for ones, others, cost in _ways(one_side, other_side, at, other):
                total = costs[at - ones][other - others] + cost
                if total < costs[at][other]:
                    costs[at][other] = total
                    back[at][other] = (ones, others, cost <= _JOIN)
    return _walked(back, rows, columns)


def _band(at: int, rows: int, columns: int) -> range:
    longer = columns - rows
    first, last = at + min(0, longer) - _BAND, at + max(0, longer) + _BAND
    return range(max(0, first), min(columns, last) + 1)


def _walked(
    back: list[list[tuple[int, int, bool]]], rows: int, columns: int
) -> list[tuple[int, int, bool]]:
    steps = []
    while rows or columns:
        step = back[rows][columns]
        steps.append(step)
        rows, columns = rows - step[0], columns - step[1]
    return steps[::-1]


def _ways(said: "_Side", heard: "_Side", at: int, other: int) -> Iterator[tuple[int, int, float]]:
    """Give the last steps to a place in the table, with their costs."""
    if at:
        yield 1, 0, _SKIP
    if other:
        yield 0, 1, _SKIP
    if at and other:
        yield 1, 1, _change(said.words[at - 1], heard.words[other - 1])
        for ones, others in _JOINS:
            one, another = said.joined[ones][at], heard.joined[others][other]
            # Nearly all are seen at a look to be of other words.
            if one[:1] == another[:1] and abs(len(one) - len(another)) <= _MOST_MORE and one:
                cost = _join(one, another)
                if cost < inf:
                    yield ones, others, cost


class _Side:
    """The words of one side, and up to three of them in one, by the place of their end."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        letters = [word.letters for word in words]
        self.joined = {
            count: [
                "".join(letters[end - count : end]) if end >= count else ""
                for end in range(len(words) + 1)
            ]
            for count in (1, 2, 3)
        }


def _change(one: Word, other: Word) -> float:
    if one.key == other.key:
        return 0.0
    if one.is_name:
        return _NAME
    return _CHANGE + _share(one.letters, other.letters)


@lru_cache(maxsize=65536)
def _join(one: str, other: str) -> float:
    if one == other or sound_key(one) == sound_key(other):
        return _JOIN
    share = _share(one, other)
    return _CHANGE + share if share <= _ALIKE else inf


@lru_cache(maxsize=65536)
def _share(one: str, other: str) -> float:
    return letter_distance(one, other) / max(len(one), len(other), 1)
