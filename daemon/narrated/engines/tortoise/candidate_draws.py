"""Draws of candidates: another take is the next best of a draw, before candidates are drawn again.

With `ended_first`, take 0 is the best candidate of draw 0. Take 1 is the next of those that ended,
and so on. Once none is left, draw 1 goes on. A draw's seed is that of its first take, so what is
kept here saves work and changes no sound.
"""

from array import array
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

TAKES = 0xFF
"""The low byte of a request's seed is the number of its take."""

_MOST_DRAWS = 512
_MOST_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate's codes, without the end sign."""

    codes: Sequence[int]
    ended: bool
    """True if the model chose the end."""


@dataclass(frozen=True, slots=True)
class CandidateDraw:
    """The candidates of a draw that takes may use."""

    takes: int
    """Takes that it has: a candidate that did not end is one only if no other ended."""
    best: Sequence[Candidate] = ()
    """The first of them, in order; none before they are ranked."""


class CandidateDraws:
    """The latest draws, in memory. One that is gone is drawn again from the same seed."""

    def __init__(self) -> None:
        self._draws: OrderedDict[Hashable, CandidateDraw] = OrderedDict()

    def get(self, key: Hashable) -> CandidateDraw | None:
        """A draw that is kept."""
        if key in self._draws:
            self._draws.move_to_end(key)
        return self._draws.get(key)

    def keep(self, key: Hashable, takes: int, ranked: Sequence[Candidate] = ()) -> None:
        """Keep a draw by what it depends on."""
        kept = ranked[: min(takes, _MOST_CANDIDATES)]
        best = tuple(Candidate(array("H", each.codes), each.ended) for each in kept)
        self._draws[key] = CandidateDraw(takes, best)
        if len(self._draws) > _MOST_DRAWS:
            self._draws.popitem(last=False)


def usable(ended: Sequence[bool]) -> int:
    """Number of takes of a draw, by which of its candidates ended."""
    return max(1, sum(ended))


def best_first(scores: Sequence[float], ended: Sequence[bool]) -> Sequence[int]:
    """Numbers of candidates: those that ended before the others, the best score first."""
    return sorted(range(len(ended)), key=lambda each: (not ended[each], -scores[each]))
