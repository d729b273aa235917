"""Wrong words: the places of a text at which a take was heard otherwise, to compare takes by."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from narrated.take_checks.letter_distance import letter_distance

_ALIKE = 0.4
"""The share of the letters heard in one place that may differ between two takes: an ear writes the
same sounds as "coober net ease" and "Cooper netties". Of other words twice as many differ."""
_MOST_LETTERS = 2000
"""Of all places of a take. One with more is heard like no other: then the voice itself is wrong."""


class WrongWords(msgspec.Struct, frozen=True, array_like=True):
    """Neighbouring words of a text, and what was heard in their place."""

    at: int
    """The number of the first word; of added words, that of the word behind them."""
    said: tuple[str, ...]
    heard: str
    """The letters of the words that were heard."""
    is_fault: bool
    """True if the take has a fault because of them."""

    @property
    def end(self) -> int:
        """The number of the word behind them."""
        return self.at + len(self.said)

    def touches(self, begin: int, end: int) -> bool:
        """True if a word between these two numbers is among them, or next to them."""
        return self.at <= end and begin <= self.end


def bounded(places: Sequence[WrongWords]) -> tuple[WrongWords, ...]:
    """Return the places, or none if they are too large to be kept and compared."""
    letters = sum(len(each.heard) + sum(map(len, each.said)) for each in places)
    return tuple(places) if letters <= _MOST_LETTERS else ()


def faults_are_heard_in(other: Sequence[WrongWords], wrong: Sequence[WrongWords]) -> bool:
    """True if another take of the text was heard with the wrong words that are this one's faults.

    Both are in order. False if no wrong words are known.
    """
    faults = [place for place in wrong if place.is_fault]
    said = {
        number: word
        for place in (*wrong, *other)
        for number, word in enumerate(place.said, start=place.at)
    }
    return bool(faults) and all(_is_heard_in(other, fault, wrong, said) for fault in faults)


def _is_heard_in(
    other: Sequence[WrongWords],
    fault: WrongWords,
    wrong: Sequence[WrongWords],
    said: Mapping[int, str],
) -> bool:
    """Compare what both heard at the place of a fault, and at those that touch it."""
    theirs = _touching(other, fault.at, fault.end)
    if not theirs:
        return False
    ours = _touching(wrong, *_range([fault, *theirs]))
    begin, end = _range([*ours, *theirs])
    one, another = (_heard(each, begin, end, said) for each in (ours, theirs))
    return letter_distance(one, another) <= _ALIKE * max(len(one), len(another))


def _touching(places: Iterable[WrongWords], begin: int, end: int) -> list[WrongWords]:
    return [place for place in places if place.touches(begin, end)]


def _range(places: Iterable[WrongWords]) -> tuple[int, int]:
    return min(place.at for place in places), max(place.end for place in places)


def _heard(places: Iterable[WrongWords], begin: int, end: int, said: Mapping[int, str]) -> str:
    """Give the letters that were heard from one word to another: between places, those said."""
    letters, at = [], begin
    for place in places:
        letters += [said[number] for number in range(at, place.at)]
        letters.append(place.heard)
        at = place.end
    return "".join([*letters, *(said[number] for number in range(at, end))])
