"""The line of a voice: how long it speaks for the effort of a text, and how it ends.

It is fitted as takes are made, so that each voice is judged by its own pace. At first it is the
line of a usual narrator, with wide limits.

The effort of a text with a constant added is its size: takes differ from the line by a share of
that, short and long ones alike. So each take counts by its pace, the seconds for a unit of size,
which is a line over the inverse of the size.
"""

import math
import re
import unicodedata
from dataclasses import dataclass

import msgspec

from narrated.audio.take_measures import TakeMeasures
from narrated.audio.text_pauses import PauseKind, pause_places

KEPT = 0.998
"""The weight of earlier takes at each new one: about the last five hundred count."""

_CONSTANT = 40.0
_USUAL_S, _USUAL_S_PER_EFFORT = 0.08, 0.056
_USUAL_SD = 0.22
"""Voices and languages differ by so much from the usual line, as a share."""
_USUAL_EFFORTS = (20.0, 80.0)
"""A usual narrator's two takes, of half a weight each, give a line its direction at first."""
_OWN_SD, _OWN_SD_TAKES = 0.07, 4.0
"""Takes of a voice differ so much from its own line, as a share of its pace, until it is known."""
_LEAST_SD, _LEAST_LIMIT_S = 0.03, 0.35
_FEW = 4.0
"""The fewer takes a line is fitted by, the farther others are from it."""
_SHORTER_SD, _LONGER_SD = 2.2, 2.9
"""A take is bad if it is so many deviations off: good ones are rather too long than too short."""
_COUNTED_SD = 3.0
"""No more of a take counts for its line."""
_LEAST_SLOPE = 0.25
"""Of the mean pace, a line's slope has at least this share; and no text takes less than nothing."""

_EFFORT_OF_A_SYLLABLE, _KANA = 3.0, 0.5
"""Beside the letter that it counts as already."""

_SPELLED = re.compile(r"(?<![\w'’])[^\W\d_aAI](?![\w'’])")
_SPELLED_S = 0.1
"""Voices differ by so much in each spelled letter: "C P U" is a word of some, three of others."""

_LONGEST_PAUSES_S = {
    PauseKind.SENTENCE: 1.2,
    PauseKind.SMALL_SENTENCE: 1.2,
    PauseKind.STOP: 1.2,
    PauseKind.CLAUSE: 0.95,
    PauseKind.COMMA: 0.75,
}
"""A voice makes no longer pause at these signs: Pico up to 0.8 s between two sentences."""

_END_TAKES = 8
_LEAST_END_ROOM_DB = 8.0
_LOWEST_END_DB = -80.0
_SOFT_END_DB = -35.0
"""Nobody hears that a softer end is cut."""
_USUAL_END_LIMIT_DB = -8.0
"""Of a voice with fewer takes: espeak itself ends at -10 dB."""


@dataclass(frozen=True, slots=True)
class ExpectedSound:
    """The sound that a voice would make of a text."""

    voiced_s: float
    shorter_s: float
    """A take may be so much shorter."""
    longer_s: float
    pauses_s: tuple[float, ...] = ()
    """The longest pauses that the text's signs allow, the longest first."""
    end_db: float = _USUAL_END_LIMIT_DB
    """A take ends softer than this, against its speech."""


class VoiceLine(msgspec.Struct, frozen=True):
    """Sums of a voice's takes in one language, for the fit."""

    takes: float = 0.0
    inverse: float = 0.0
    """The sum of 1 / size."""
    pace: float = 0.0
    """The sum of seconds / size."""
    inverse_sq: float = 0.0
    product: float = 0.0
    pace_sq: float = 0.0
    end_db: float = 0.0
    end_sq: float = 0.0

    def learned(self, effort: float, measures: TakeMeasures) -> "VoiceLine":
        """Add a take; of a bad one, only as much counts as a good one could differ."""
        if effort <= 0 or measures.voiced_s <= 0:
            return self
        line_s, deviation_s = self._line(effort)
        most = _COUNTED_SD * deviation_s
        voiced_s = min(max(measures.voiced_s, line_s - most), line_s + most)
        size, end_db = effort + _CONSTANT, self._counted_end(measures.end_db)
        inverse, pace = 1 / size, voiced_s / size
        added = (1.0, inverse, pace, inverse**2, inverse * pace, pace**2, end_db, end_db**2)
        return VoiceLine(*(KEPT * was + new for was, new in zip(self._sums, added, strict=True)))

    def expected(self, text: str, effort: float) -> ExpectedSound:
        """Tell what sound this voice would make of a text of this effort."""
        line_s, deviation_s = self._line(effort)
        spelled_s = _SPELLED_S * len(_SPELLED.findall(text))
        shorter_s, longer_s = (
            max(_LEAST_LIMIT_S, deviations * deviation_s) + spelled_s
            for deviations in (_SHORTER_SD, _LONGER_SD)
        )
        pauses_s = longest_pauses_s(text)
        return ExpectedSound(line_s, shorter_s, longer_s, pauses_s, self._end_limit_db)

    @property
    def _sums(self) -> tuple[float, ...]:
        return msgspec.structs.astuple(self)

    def _line(self, effort: float) -> tuple[float, float]:
        """The seconds for an effort, and their standard deviation."""
        takes, inverse, pace, inverse_sq, product, pace_sq = self._fitted_sums()
        mean_inverse, mean_pace = inverse / takes, pace / takes
        spread = inverse_sq / takes - mean_inverse**2
        covariance = product / takes - mean_inverse * mean_pace
        lowest_s = -_CONSTANT * mean_pace / (1 - _CONSTANT * mean_inverse)
        highest_s = (1 - _LEAST_SLOPE) * mean_pace / mean_inverse
        start_s = min(max(covariance / spread, lowest_s), highest_s)
        left = pace_sq / takes - mean_pace**2 - 2 * start_s * covariance + start_s**2 * spread
        size = effort + _CONSTANT
        line_s = start_s + (mean_pace - start_s * mean_inverse) * size
        own_sd = self._own_sd(max(left, 0.0) / mean_pace**2) * math.sqrt(1 + _FEW / takes)
        unknown_sd = 1 / math.sqrt(1 / _USUAL_SD**2 + self.takes / own_sd**2)
        return line_s, math.hypot(max(_LEAST_SD, own_sd) * mean_pace * size, unknown_sd * line_s)

    def _fitted_sums(self) -> tuple[float, float, float, float, float, float]:
        """The sums with those of a usual narrator, brought to the pace of this voice."""
        sizes = [effort + _CONSTANT for effort in _USUAL_EFFORTS]
        start_s = _USUAL_S - _USUAL_S_PER_EFFORT * _CONSTANT
        usual = [start_s / size + _USUAL_S_PER_EFFORT for size in sizes]
        usual_pace = sum(usual) / 2
        as_usual = start_s * self.inverse + _USUAL_S_PER_EFFORT * self.takes
        scale = (self.pace + usual_pace) / (as_usual + usual_pace)
        known = [(1 / size, scale * pace) for size, pace in zip(sizes, usual, strict=True)]
        return (
            self.takes + 1,
            self.inverse + sum(inverse for inverse, _ in known) / 2,
            self.pace + sum(pace for _, pace in known) / 2,
            self.inverse_sq + sum(inverse**2 for inverse, _ in known) / 2,
            self.product + sum(inverse * pace for inverse, pace in known) / 2,
            self.pace_sq + sum(pace**2 for _, pace in known) / 2,
        )

    def _own_sd(self, left: float) -> float:
        """The deviation of takes from their line, as a share of the pace."""
        weighed = left * (self.takes + 1) + _OWN_SD**2 * _OWN_SD_TAKES
        return math.sqrt(weighed / (self.takes + 1 + _OWN_SD_TAKES))

    @property
    def _end_limit_db(self) -> float:
        if self.takes < _END_TAKES:
            return _USUAL_END_LIMIT_DB
        mean = self.end_db / self.takes
        sd = math.sqrt(max(self.end_sq / self.takes - mean**2, 0.0))
        limit_db = mean + max(_LEAST_END_ROOM_DB, _COUNTED_SD * sd)
        return min(max(limit_db, _SOFT_END_DB), _USUAL_END_LIMIT_DB)

    def _counted_end(self, end_db: float) -> float:
        """The end of a take as it counts: of one that is cut off, the limit."""
        return min(max(end_db, _LOWEST_END_DB), self._end_limit_db)


def text_effort(text: str) -> float:
    """The time that the words of a text take, in letters; of wide letters each is a syllable."""
    syllables = sum(map(_syllables, text))
    return pause_places(text, ())[1] + _EFFORT_OF_A_SYLLABLE * syllables


def _syllables(letter: str) -> float:
    """Long ones of Chinese and Korean, short ones of kana; 0 for letters of other scripts."""
    if unicodedata.east_asian_width(letter) not in "WF" or not letter.isalnum():
        return 0.0
    return _KANA if "\u3040" <= letter <= "\u30ff" else 1.0


def longest_pauses_s(text: str) -> tuple[float, ...]:
    """The longest pauses that a voice may make in a text, the longest first."""
    places, _ = pause_places(text, ())
    return tuple(sorted((_LONGEST_PAUSES_S[each.kind] for each in places), reverse=True))
