"""Lays the places at which a voice may pause on the pauses of its take, by dynamic programming.

A matching costs by how far what is spoken between two pauses differs from what the text between
two places takes to say, and by how well the length of a pause fits its kind. A pause without a
place costs by its length, and a place without a pause by its kind. Costs are about negative
logarithms of probabilities. The work for a place is bounded: few pauses are near where it is
expected, and few places may go without a pause in a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from narrated.audio.take_pauses import TakePauses
from narrated.audio.text_pauses import PauseKind, PausePlace

Values = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# All of these were fitted on half of the tests' posts and of docs/, spoken by espeak and Pico.
_SPREAD = 0.17
"""Speech of one second differs from its effort by so much, of n by its square root times that."""
_LEAST_S = 0.25
_MISSING = {
    PauseKind.SENTENCE: 9.0,
    PauseKind.SMALL_SENTENCE: 1.2,
    PauseKind.STOP: 0.7,
    PauseKind.CLAUSE: 0.8,
    PauseKind.COMMA: 0.25,
}
"""The cost of a place without a pause."""
_SENTENCE_SPREAD, _OTHER_SPREAD = 0.25, 0.5
"""The spread of the logarithm of a pause's length."""
_PAUSE_WITHOUT_PLACE_S = 0.12
"""A pause of such a length, at no place for one, costs 1."""
_HIGHEST_COST = 7.0
_SHARE_OF_SENTENCE = {
    PauseKind.SENTENCE: 1.0,
    PauseKind.SMALL_SENTENCE: 0.9,
    PauseKind.STOP: 0.8,
    PauseKind.CLAUSE: 0.6,
    PauseKind.COMMA: 0.5,
}
"""The length of a pause of each kind, before the take has told its own."""

_NEAR = 4.0
"""A pause this many spreads from where it is expected is none of a place."""
_NEAR_S = 0.3
_MOST_PAUSES = 40
"""Near one place."""
_MOST_MISSING = 10
"""Places in a row without a pause."""
_CLEARLY_LONGER = 1.25
"""If each pause of a sentence is that much longer than every other one, none is mistaken."""
_DOUBTFUL = 3.0
"""A pause is doubtful if one beside it would cost less than so much more."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A place with the pauses that may be its own, and the least cost up to each."""

    place: int
    """Its number; -1 for the beginning."""
    expected_s: float
    pauses: Numbers
    spoken_s: Values
    cost: Values
    back: Numbers
    """The node before, counted over all layers."""
    first: int
    """The number of its first node."""


@dataclass(frozen=True, slots=True)
class PauseMatching:
    """The pauses of the places that have one, by their numbers."""

    pauses: Mapping[int, int]
    doubtful: frozenset[int] = frozenset()
    """Starts of sentences that may as well have another pause."""


def aligned(
    places: Sequence[PausePlace], effort: float, pauses: TakePauses
) -> PauseMatching | None:
    """Match places and pauses; None if the two do not fit."""
    alignment = _Alignment(places, effort, pauses)
    lengths = alignment.first_lengths()
    layers = alignment.layers(lengths)
    if layers is None or alignment.is_clear(matched := _traced(layers)):
        return None if layers is None else PauseMatching(matched)
    lengths = alignment.lengths_in(matched, lengths)
    layers, back = alignment.layers(lengths), alignment.reversed().layers(lengths)
    if layers is None or back is None:
        return None
    matched = _traced(layers)
    return PauseMatching(matched, alignment.doubtful(matched, layers, back, lengths))


class _Alignment:
    def __init__(self, places: Sequence[PausePlace], effort: float, pauses: TakePauses) -> None:
        self._places, self._effort, self._pauses = places, effort, pauses
        self._kinds = [each.kind for each in places]
        self._total_s = pauses.all_spoken_s
        rate = self._total_s / max(effort, 1.0)
        self._expected_s = [each.effort * rate for each in places]
        self._spoken_s = pauses.spoken_s
        self._lengths_s = pauses.lengths_s
        alone = np.minimum(self._lengths_s / _PAUSE_WITHOUT_PLACE_S, _HIGHEST_COST)
        self._alone = np.concatenate([[0.0], np.cumsum(alone)])
        self._missing = np.concatenate([[0.0], np.cumsum([_MISSING[k] for k in self._kinds])])

    def first_lengths(self) -> dict[PauseKind, float]:
        """Pauses of sentences are taken for the longest ones of the take."""
        count = max(1, self._kinds.count(PauseKind.SENTENCE))
        longest = np.sort(self._lengths_s)[-count:]
        sentence_s = float(np.median(longest)) if len(longest) else 1.0
        return {kind: share * sentence_s for kind, share in _SHARE_OF_SENTENCE.items()}

    def lengths_in(
        self, matched: Mapping[int, int], before: Mapping[PauseKind, float]
    ) -> dict[PauseKind, float]:
        """The lengths of pauses that a matching tells."""
        lengths = dict(before)
        found = [(self._kinds[place], self._lengths_s[pause]) for place, pause in matched.items()]
        sentence = [length for kind, length in found if kind == PauseKind.SENTENCE]
        others = [length for kind, length in found if kind >= PauseKind.CLAUSE]
        if sentence:
            stops = (PauseKind.SENTENCE, PauseKind.SMALL_SENTENCE, PauseKind.STOP)
            lengths |= dict.fromkeys(stops, float(np.median(sentence)))
        if len(others) > 1:
            lengths |= dict.fromkeys((PauseKind.CLAUSE, PauseKind.COMMA), float(np.median(others)))
        return lengths

    def is_clear(self, matched: Mapping[int, int]) -> bool:
        """True if the longest pauses are those of the sentences."""
        sentences = [n for n, kind in enumerate(self._kinds) if kind <= PauseKind.SMALL_SENTENCE]
        if not all(number in matched for number in sentences):
            return False
        own = [matched[number] for number in sentences]
        others = np.delete(self._lengths_s, own)
        longest_s = float(others.max(initial=0.0))
        return float(self._lengths_s[own].min(initial=np.inf)) > _CLEARLY_LONGER * longest_s

    def reversed(self) -> "_Alignment":
        """The same, from the end to the beginning."""
        places = [replace(each, effort=self._effort - each.effort) for each in self._places[::-1]]
        own = self._pauses
        mirrored = TakePauses(-own.ends_s[::-1], -own.starts_s[::-1], -own.last_s, -own.first_s)
        return _Alignment(places, self._effort, mirrored)

    def doubtful(
        self,
        matched: Mapping[int, int],
        layers: Sequence[_Layer],
        back: Sequence[_Layer],
        lengths: Mapping[PauseKind, float],
    ) -> frozenset[int]:
        """The starts of sentences for which another pause costs but a little more.

        `back` are the layers from the end: with them, each pause of a place has the least cost of
        all ways through it.
        """
        last = len(self._kinds) - 1
        onward = {last - layer.place: layer for layer in back}
        return frozenset(
            layer.place
            for layer in layers
            if (pause := matched.get(layer.place)) is not None
            and (kind := self._kinds[layer.place]) <= PauseKind.SMALL_SENTENCE
            and self._margin(layer, onward[layer.place], pause, self._length_cost(kind, lengths))
            < _DOUBTFUL
        )

    def _margin(self, layer: _Layer, onward: _Layer, pause: int, own_cost: Values) -> float:
        """The further cost of the best way through another pause of a place."""
        after = np.full(len(own_cost), np.inf)
        after[len(own_cost) - 1 - onward.pauses] = onward.cost
        cost = layer.cost + after[layer.pauses] - own_cost[layer.pauses]
        least = float(cost[layer.pauses == pause].min())
        others = cost[layer.pauses != pause]
        return float(others.min(initial=np.inf)) - least if np.isfinite(least) else 0.0

    def layers(self, lengths: Mapping[PauseKind, float]) -> list[_Layer] | None:
        """The layers of all places, for these lengths of pauses; None if none reaches the end."""
        layers = [_beginning()]
        costs = {kind: self._length_cost(kind, lengths) for kind in PauseKind}
        for place, (kind, expected_s) in enumerate(zip(self._kinds, self._expected_s, strict=True)):
            near = self._near(expected_s)
            reached = _reached(layers, place)
            if len(near) and reached:
                layers.append(self._layer(reached, place, expected_s, near, costs[kind][near]))
        end = len(self._kinds)
        if not (reached := _reached(layers, end)):
            return None
        last = np.array([len(self._lengths_s)])
        layers.append(self._layer(reached, end, self._total_s, last, np.zeros(1)))
        return layers if np.isfinite(layers[-1].cost[0]) else None

    def _near(self, expected_s: float) -> Numbers:
        """The pauses that may be those of a place."""
        aside_s = max(0.0, min(expected_s, self._total_s - expected_s))
        band_s = _NEAR * _SPREAD * np.sqrt(aside_s + _LEAST_S) + _NEAR_S
        first, last = np.searchsorted(self._spoken_s, [expected_s - band_s, expected_s + band_s])
        near = np.arange(first, last)
        if len(near) <= _MOST_PAUSES:
            return near
        return np.sort(near[np.argsort(self._lengths_s[near])[-_MOST_PAUSES:]])

    def _length_cost(self, kind: PauseKind, lengths: Mapping[PauseKind, float]) -> Values:
        """The costs of the lengths of all pauses at a place of a kind; too long costs half."""
        spread = _SENTENCE_SPREAD if kind == PauseKind.SENTENCE else _OTHER_SPREAD
        off = np.log(self._lengths_s / lengths[kind]) / spread
        return np.minimum(off * off / np.where(off > 0, 4, 2), _HIGHEST_COST)

    def _layer(
        self,
        reached: Sequence[_Layer],
        place: int,
        expected_s: float,
        near: Numbers,
        own_cost: Values,
    ) -> _Layer:
        """The cheapest ways from the layers before to each of these pauses."""
        pauses = np.concatenate([each.pauses for each in reached])
        counts = [len(each.pauses) for each in reached]
        missing = [self._missing[place] - self._missing[each.place + 1] for each in reached]
        gaps_s = np.repeat([expected_s - each.expected_s for each in reached], counts)
        own_spoken_s = np.append(self._spoken_s, self._total_s)[near]
        off_s = own_spoken_s[:, None] - np.concatenate([each.spoken_s for each in reached]) - gaps_s
        cost = off_s * off_s / (2 * _SPREAD * _SPREAD * (gaps_s + _LEAST_S))
        cost += np.concatenate([each.cost for each in reached]) + np.repeat(missing, counts)
        cost -= self._alone[pauses + 1]
        cost[near[:, None] <= pauses] = np.inf
        back = cost.argmin(axis=1)
        least = cost[np.arange(len(near)), back] + self._alone[near] + own_cost
        first = reached[-1].first + counts[-1]
        return _Layer(place, expected_s, near, own_spoken_s, least, back + reached[0].first, first)


def _reached(layers: Sequence[_Layer], place: int) -> list[_Layer]:
    """The layers from which a place can be the next with a pause."""
    latest = layers[-_MOST_MISSING - 1 :]
    return [each for each in latest if place - each.place <= _MOST_MISSING + 1]


def _beginning() -> _Layer:
    return _Layer(-1, 0.0, np.array([-1]), np.zeros(1), np.zeros(1), np.array([-1]), 0)


def _traced(layers: Sequence[_Layer]) -> dict[int, int]:
    """The pauses on the cheapest way to the end."""
    nodes = [
        (layer.place, int(pause), int(back))
        for layer in layers
        for pause, back in zip(layer.pauses, layer.back, strict=True)
    ]
    matched: dict[int, int] = {}
    at = nodes[-1][2]
    while at > 0:
        place, pause, at = nodes[at]
        matched[place] = pause
    return dict(reversed(matched.items()))
