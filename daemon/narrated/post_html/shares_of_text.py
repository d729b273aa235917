"""Share the words of a text out to its sentences, of which some are found there by their words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import NamedTuple

_LEAST_SHARE = 0.5
"""The share of its words by which a sentence is found where announcements are, which are not."""


class Share(NamedTuple):
    """The words from `first` up to `end`, and the sentences that are said of them."""

    numbers: tuple[int, ...]
    first: int
    end: int


@dataclass(slots=True)
class _Sentence:
    """A sentence, and the words at which it is found; `first` is `end` if it is not."""

    number: int
    first: int = 0
    end: int = 0
    lacks_start: bool = False
    lacks_end: bool = False

    @property
    def is_found(self) -> bool:
        return self.first < self.end


@dataclass(slots=True)
class SharesOfText:
    """Collects the sentences of a text in their order."""

    _sentences: list[_Sentence] = field(default_factory=list)

    def add(
        self, number: int, words: Sequence[str], places: Sequence[int], *, is_announced: bool
    ) -> None:
        """Add a sentence, and the place of each of its words in the text; -1 for none."""
        found = [place for place in places if place >= 0]
        if _is_found(words, places, _LEAST_SHARE if is_announced else 0.0):
            lacks = places[0] < 0, places[-1] < 0
            self._sentences.append(_Sentence(number, found[0], found[-1] + 1, *lacks))
        else:
            self._sentences.append(_Sentence(number))

    def of(self, length: int, *, is_filled: bool) -> tuple[list[Share], list[int]]:
        """Return the shares in a text of so many words, and the sentences that have none.

        `is_filled`: words between two sentences go to the one that has others in its place.
        """
        if is_filled:
            self._fill(length)
        lost = [one.number for one in self._sentences if not one.is_found]
        return list(_joined(one for one in self._sentences if one.is_found)), lost

    def _fill(self, length: int) -> None:
        found = [one for one in self._sentences if one.is_found]
        edges = chain([_Sentence(-1)], found, [_Sentence(-1, length, length)])
        lost = iter(self._lost_before_each())
        for before, after in pairwise(edges):
            missed = next(lost)
            if before.end == after.first:
                continue
            if missed:
                for one in missed:
                    one.first, one.end = before.end, after.first
            elif before.lacks_end:
                before.end = after.first
            elif after.lacks_start:
                after.first = before.end

    def _lost_before_each(self) -> list[list[_Sentence]]:
        """Give the sentences without a place before each one that has one, and after the last."""
        lost: list[list[_Sentence]] = [[]]
        for one in self._sentences:
            if one.is_found:
                lost.append([])
            else:
                lost[-1].append(one)
        return lost


def _is_found(words: Sequence[str], places: Sequence[int], least_share: float) -> bool:
    """True if words of a sentence stand in the text; signs alone are no proof."""
    has_words = any(word[0].isalnum() for word in words)
    pairs = zip(words, places, strict=True)
    found = sum(place >= 0 for word, place in pairs if word[0].isalnum() or not has_words)
    return found > 0 and found >= least_share * len(words)


def _joined(sentences: Iterator[_Sentence]) -> Iterator[Share]:
    """Join sentences that have the same words."""
    share: Share | None = None
    for one in sentences:
        if share and share[1:] == (one.first, one.end):
            share = share._replace(numbers=(*share.numbers, one.number))
            continue
        if share:
            yield share
        share = Share((one.number,), one.first, one.end)
    if share:
        yield share
