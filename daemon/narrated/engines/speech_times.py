"""When parts of a text are heard in its sound, as engines tell it. An engine may be anybody's."""

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

TimedPlace = tuple[int, float]
"""A character of a request's text, from 0, and the second at which it is heard."""

MOST_TIMES = 10_000
"""Of sentences, and of words: more than any chunk has."""


@dataclass(frozen=True, slots=True)
class SpeechTimes:
    """The times that an engine told of a text."""

    sentences: Sequence[TimedPlace] = ()
    words: Sequence[TimedPlace] = ()

    @classmethod
    def checked(cls, told: Mapping[str, Any], characters: int, duration_s: float) -> "SpeechTimes":
        """Take the times out of a result's fields; see `checked_times`."""
        names = ("sentences", "words")
        return cls(*(checked_times(told.get(name, ()), characters, duration_s) for name in names))


NO_TIMES = SpeechTimes()


def in_order(times: Iterable[TimedPlace]) -> list[TimedPlace]:
    """Return the times that go forward in the text, from the earliest on."""
    kept: list[TimedPlace] = []
    for place, at_s in sorted(times, key=lambda each: each[1]):
        if not kept or place > kept[-1][0]:
            kept.append((place, at_s))
    return kept


def checked_times(times: Any, characters: int, duration_s: float) -> list[TimedPlace]:
    """Return times in the order of their places; none at all if one of them cannot be.

    They are of a text of so many characters, whose sound is so long. `times` may be anything.
    """
    try:
        read = [_read(each) for each in islice(times, MOST_TIMES + 1)]
    except Exception:  # noqa: BLE001 - an engine that lies costs only its times
        return []
    ordered = sorted(read)
    if len(ordered) > MOST_TIMES or not _can_be(ordered, characters, duration_s):
        return []
    return ordered


def _read(each: Sequence[Any]) -> TimedPlace:
    place, at_s = each
    return operator.index(place), round(float(at_s), 3)


def _can_be(ordered: Sequence[TimedPlace], characters: int, duration_s: float) -> bool:
    within = all(
        0 <= place < characters and math.isfinite(at_s) and 0 <= at_s <= duration_s
        for place, at_s in ordered
    )
    forward = all(one[0] < other[0] and one[1] <= other[1] for one, other in pairwise(ordered))
    return within and forward
