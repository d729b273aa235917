"""Match the words of two texts that say the same, where either has some that the other has not."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts that part no words: each sign counts as one."""
_WORDS = re.compile(rf"[{_WIDE}]|[^\W{_WIDE}]+|[^\w\s]")

_MOST_AHEAD = 200
"""Words that one text may have alone, before the two are looked at as if they went on together."""
_FEW_AHEAD = 4
_NEAR = 20
"""A jump over more words needs three equal ones behind it, a shorter one needs two."""
_OCCURRENCES = 3
_STEPS_PER_WORD = 40


def find_words(text: str) -> Iterator[re.Match[str]]:
    """Find the words and the signs of a text."""
    return _WORDS.finditer(text)


def matched_words(said: list[str], shown: list[str]) -> list[int]:
    """Return the place in `shown` of each word of `said`, -1 for those that it has not.

    The places increase. It takes time in proportion to the words.
    """
    return _Matching(said, shown).places()


class _Matching:
    def __init__(self, said: list[str], shown: list[str]) -> None:
        self._said, self._shown = said, shown
        self._steps = _STEPS_PER_WORD * (len(said) + len(shown))
        self._occurrences: dict[str, list[int]] = defaultdict(list)

    def places(self) -> list[int]:
        said, shown = self._said, self._shown
        found = [-1] * len(said)
        one = other = 0
        while one < len(said) and other < len(shown):
            if said[one] != shown[other]:
                one, other = self._next_match(one, other)
            if one < len(said) and other < len(shown) and said[one] == shown[other]:
                found[one] = other
                other += 1
            one += 1
        return found

    def _next_match(self, one: int, other: int) -> tuple[int, int]:
        """Find where both go on alike, at the least distance; if they do not, stay."""
        best, where = len(self._said) + len(self._shown), (one, other)
        ahead, most = 0, _MOST_AHEAD if self._steps > 0 else _FEW_AHEAD
        while ahead < min(best, most, len(self._said) - one):
            for place in self._next_occurrences(self._said[one + ahead], other):
                self._steps -= 1
                distance = ahead + place - other
                if distance < best and self._goes_on(one + ahead, place, distance):
                    best, where = distance, (one + ahead, place)
            ahead += 1
        return where

    def _next_occurrences(self, word: str, start: int) -> list[int]:
        if not self._occurrences:
            for place, each in enumerate(self._shown):
                self._occurrences[each].append(place)
        places = self._occurrences.get(word, ())
        first = bisect_left(places, start)
        return list(places[first : first + _OCCURRENCES])

    def _goes_on(self, one: int, other: int, distance: int) -> bool:
        """True if the words from two places on are alike, as far as there are any to be said."""
        words = 2 if distance <= _NEAR else 3
        said = self._said[one : one + words]
        return said == self._shown[other : other + len(said)]
