"""The pauses inside a take, and how much is spoken between them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import Samples
from narrated.audio.window_peaks import WINDOW_S, loud_windows, window_peaks

Seconds = npt.NDArray[np.float64]

LEAST_PAUSE_S = 0.05
"""A shorter silence is a part of a sound, such as a t."""
_SILENT_BELOW_PEAK_DB = -45.0
# In a take that is never silent, its noise is. It is in the quietest twentieth of the windows.
_NOISE_PERCENTILE = 5
_ABOVE_NOISE = 2.0
_LOUDEST_NOISE_DB = -25.0


@dataclass(frozen=True, slots=True)
class TakePauses:
    """Pauses between the first and the last sound of a take, in order."""

    starts_s: Seconds
    ends_s: Seconds
    first_s: float
    """The first sound."""
    last_s: float
    """The end of the last one."""

    @property
    def lengths_s(self) -> Seconds:
        """The length of each pause."""
        return self.ends_s - self.starts_s

    @property
    def spoken_s(self) -> Seconds:
        """The seconds of speech, without pauses, before each pause."""
        before = np.cumsum(self.lengths_s) - self.lengths_s
        return self.starts_s - self.first_s - before

    @property
    def all_spoken_s(self) -> float:
        """The seconds of speech in the take."""
        return float(self.last_s - self.first_s - self.lengths_s.sum())

    def second_after(self, spoken_s: float) -> float:
        """The second in the take after so many seconds of speech; the end of a pause there."""
        passed = np.searchsorted(self.spoken_s, spoken_s, side="right")
        return float(self.first_s + spoken_s + self.lengths_s[:passed].sum())


def find_pauses(wave: Samples, sample_rate: int) -> TakePauses:
    """Find the pauses in a take, to 10 ms."""
    window = max(1, round(WINDOW_S * sample_rate))
    peaks, window_s = window_peaks(wave, window), window / sample_rate
    loud = loud_windows(peaks, _silent_below(peaks))
    if not len(loud):
        return TakePauses(np.zeros(0), np.zeros(0), 0.0, 0.0)
    gaps = np.flatnonzero(np.diff(loud) - 1 >= round(LEAST_PAUSE_S / window_s))
    heard_s: Seconds = loud.astype(np.float64) * window_s
    starts_s, ends_s = heard_s[gaps] + window_s, heard_s[gaps + 1]
    return TakePauses(starts_s, ends_s, float(heard_s[0]), float(heard_s[-1] + window_s))


def _silent_below(peaks: npt.NDArray[np.int32]) -> float:
    """The magnitude that divides speech from silence."""
    if not len(peaks):
        return 1.0
    loudest = float(peaks.max())
    noise = _ABOVE_NOISE * float(np.percentile(peaks, _NOISE_PERCENTILE))
    highest = loudest * 10 ** (_LOUDEST_NOISE_DB / 20)
    return max(loudest * 10 ** (_SILENT_BELOW_PEAK_DB / 20), min(noise, highest), 1.0)
