"""Bits for sets of signs: one pass over a text tells which of the sets it has a sign of.

A rule needs one of a few signs. To ask a thousand times a sentence, a bit is cheaper than a set.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

ALL_BITS = -1
_ALWAYS = 1


class SignBits:
    """Gives each set of signs a bit, and each text the bits of the sets that it meets."""

    def __init__(self) -> None:
        self._bits: dict[frozenset[str], int] = {}
        self._by_sign: dict[str, int] = {}
        self._known: frozenset[str] = frozenset()

    def bit(self, signs: frozenset[str] | None) -> int:
        """Return the bit of a set; for None, a bit that every text has."""
        if signs is None:
            return _ALWAYS
        if signs not in self._bits:
            bit = self._bits[signs] = _ALWAYS << (len(self._bits) + 1)
            for sign in signs:
                self._by_sign[sign] = self._by_sign.get(sign, 0) | bit
            self._known = frozenset(self._by_sign)
        return self._bits[signs]

    def bits(self, every: Iterable[frozenset[str]]) -> int:
        """Return the bits of sets that a text must all meet."""
        return reduce(or_, map(self.bit, every), _ALWAYS)

    def of_text(self, text: Iterable[str]) -> int:
        """Return the bits of all sets that have a sign in a text."""
        bits = _ALWAYS
        for sign in self._known.intersection(text):
            bits |= self._by_sign[sign]
        return bits
