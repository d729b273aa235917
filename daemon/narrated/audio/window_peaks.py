"""The highest magnitude in each short window of a sound, and the windows in which words are."""

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import Samples

WINDOW_S = 0.010

_BLIP_BELOW_PEAK_DB = -36.0
_BLIP_WINDOWS, _BLIP_APART_WINDOWS = 10, 15
"""A blip is shorter, and farther from the words."""

Windows = npt.NDArray[np.integer]


def window_peaks(wave: Samples, window: int) -> npt.NDArray[np.int32]:
    """The highest magnitude in each window of so many samples; the last window may be short."""
    starts = np.arange(0, len(wave), window)
    if not len(starts):
        return np.zeros(0, dtype=np.int32)
    highest = np.maximum.reduceat(wave, starts).astype(np.int32)
    lowest = np.minimum.reduceat(wave, starts).astype(np.int32)
    return np.maximum(highest, -lowest)


def loud_windows(peaks: Windows, limit: float) -> Windows:
    """The numbers of the windows that reach a magnitude, without faint blips around the words.

    Half a second after its last word, Pico often lets a faint one of up to 80 ms be heard.
    """
    loud = np.flatnonzero(peaks >= limit)
    islands = np.split(loud, np.flatnonzero(np.diff(loud) > _BLIP_APART_WINDOWS) + 1)
    faint = int(peaks.max(initial=0)) * 10 ** (_BLIP_BELOW_PEAK_DB / 20)
    is_word = [
        len(each) > 0 and (each[-1] - each[0] >= _BLIP_WINDOWS or peaks[each].max() > faint)
        for each in islands
    ]
    words = np.flatnonzero(is_word)
    return np.concatenate(islands[words[0] : words[-1] + 1]) if len(words) else loud
