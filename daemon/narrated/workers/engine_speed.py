"""The speed of an engine, learned from the requests that it answered."""

from dataclasses import dataclass

_KEPT = 0.98  # the weight of what was learned before: about the last fifty requests count
_ENOUGH = 4
"""Requests that must have been answered first: titles are short."""


@dataclass(slots=True)
class EngineSpeed:
    """Seconds of a slot, as a fixed part for each request and a part for each character.

    Both are fitted by least squares, and neither is negative.
    """

    _answered: int = 0
    _count: float = 0.0
    _weight: float = 0.0
    _seconds: float = 0.0
    _weight_squared: float = 0.0
    _product: float = 0.0

    def learn(self, weight: float, seconds: float) -> None:
        """Learn from a request of this weight, in characters."""
        self._answered += 1
        self._count = self._count * _KEPT + 1
        self._weight = self._weight * _KEPT + weight
        self._seconds = self._seconds * _KEPT + seconds
        self._weight_squared = self._weight_squared * _KEPT + weight * weight
        self._product = self._product * _KEPT + weight * seconds

    def slot_seconds(self, requests: int, weight: float) -> float | None:
        """Return how long one slot needs for so much; None before enough was learned."""
        if self._answered < _ENOUGH:
            return None
        each, by_weight = self._fit()
        return requests * each + weight * by_weight

    def _fit(self) -> tuple[float, float]:
        mean_weight, mean_s = self._weight / self._count, self._seconds / self._count
        spread = self._weight_squared / self._count - mean_weight**2
        common = self._product / self._count - mean_weight * mean_s
        if spread < 1e-6 * self._weight_squared / self._count:  # all alike
            return 0.0, mean_s / max(mean_weight, 1.0)
        slope = common / spread
        if slope < 0:
            return mean_s, 0.0
        if slope * mean_weight > mean_s:
            return 0.0, self._product / self._weight_squared
        return mean_s - slope * mean_weight, slope
