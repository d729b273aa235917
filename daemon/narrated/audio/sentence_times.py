"""When the sentences of a take begin: as its engine told, else by its pauses.

Where neither tells, a sentence stays with the one before it.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from narrated.audio.pause_alignment import PauseMatching, aligned
from narrated.audio.pcm import SAMPLE_BYTES, samples
from narrated.audio.take_notes import TakeNotes
from narrated.audio.take_pauses import TakePauses, find_pauses
from narrated.audio.text_pauses import PauseKind, PausePlace, pause_places
from narrated.engines.speech_times import TimedPlace, checked_times

_MOST_APART = 40
"""Characters between two words with times, between which a sentence may begin without a pause."""
_MOST_PLACES = 500
"""A text with more is no prose: its sentences stay together."""
_FIRST_WORD = re.compile(r"\W{0,20}\w{1,100}")


def sentence_starts(
    text: str, starts: Sequence[int], sound: tuple[bytes, int], notes: TakeNotes
) -> list[float | None]:
    """Return the second in the take at which each sentence begins; None where that is not known.

    `starts` are the characters at which they begin, the first among them. `sound` is the take as
    it was spoken, s16le of one channel, and its sample rate.
    """
    pcm, sample_rate = sound
    duration_s = len(pcm) / SAMPLE_BYTES / sample_rate
    told = checked_times(
        [*{**dict(notes.sentences), **dict(notes.words)}.items()], len(text), duration_s
    )
    by_engine = told_starts(text, starts, told)
    if all(each is not None for each in by_engine[1:]):
        return by_engine
    by_pauses = starts_by_pauses(text, starts, find_pauses(samples(pcm), sample_rate))
    return [
        one if one is not None else other for one, other in zip(by_engine, by_pauses, strict=True)
    ]


def told_starts(text: str, starts: Sequence[int], told: Sequence[TimedPlace]) -> list[float | None]:
    """The seconds at which sentences begin, by the times of words that an engine told."""
    places = [place for place, _ in told]
    return [_told(text, start, told, places) for start in starts]


def _told(text: str, start: int, told: Sequence[TimedPlace], places: Sequence[int]) -> float | None:
    number = bisect_left(places, start)
    word = _FIRST_WORD.match(text, start)
    if number < len(places) and word and places[number] < word.end():
        return told[number][1]
    if not 0 < number < len(places) or places[number] - places[number - 1] > _MOST_APART:
        return None
    (before, before_s), (after, after_s) = told[number - 1 : number + 1]
    return before_s + (after_s - before_s) * (start - before) / (after - before)


def starts_by_pauses(text: str, starts: Sequence[int], pauses: TakePauses) -> list[float | None]:
    """The seconds at which sentences begin, by the pauses of the take."""
    places, effort = pause_places(text, starts[1:])
    matched = aligned(places, effort, pauses) if len(places) <= _MOST_PLACES else None
    if matched is None:
        return [pauses.first_s, *[None] * (len(starts) - 1)]
    fit = _Fit(places, effort, pauses, matched)
    found = {each.place: fit.start_s(number) for number, each in enumerate(places)}
    return [pauses.first_s, *(found.get(start) for start in starts[1:])]


class _Fit:
    """A matching of places and pauses, and how far it is from what is expected."""

    def __init__(
        self,
        places: Sequence[PausePlace],
        effort: float,
        pauses: TakePauses,
        matching: PauseMatching,
    ) -> None:
        matched = matching.pauses
        self._places, self._pauses, self._matched = places, pauses, matched
        self._doubtful = matching.doubtful
        self._efforts = [0.0, *(places[place].effort for place in matched), effort]
        spoken_s = pauses.spoken_s
        self._spoken_s = [
            0.0,
            *(spoken_s[pause] for pause in matched.values()),
            pauses.all_spoken_s,
        ]

    def start_s(self, number: int) -> float | None:
        """The second at which the words after a place begin; None if it is not known."""
        if number in self._doubtful:
            return None
        if (pause := self._matched.get(number)) is not None:
            return float(self._pauses.ends_s[pause])
        if self._places[number].kind == PauseKind.SENTENCE:
            return None
        spoken_s = np.interp(self._places[number].effort, self._efforts, self._spoken_s)
        return self._pauses.second_after(float(spoken_s))
