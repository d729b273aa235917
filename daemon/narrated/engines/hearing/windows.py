"""Cuts a take into windows of half a minute at most, where it is quietest."""

from collections.abc import Iterator

import numpy as np

from narrated.engines.hearing.resampling import RATE, Wave

LONGEST_S = 30.0
"""Whisper hears this much at once."""
_SEARCHED_S = 10.0
"""A window is cut within its last seconds."""
_FRAME_S = 0.05
_SMOOTHED_FRAMES = 5
_SILENT_PEAK = 10 ** (-60 / 20)
"""Whisper invents words for silence; below this peak (-60 dBFS) nobody speaks."""


def windows(wave: Wave) -> Iterator[Wave]:
    """Yield the windows of a take in which there is any sound."""
    longest = int(LONGEST_S * RATE)
    start = 0
    while start < len(wave):
        end = min(start + longest, len(wave))
        if end < len(wave):
            end = _quietest(wave, end - int(_SEARCHED_S * RATE), end)
        window = wave[start:end]
        if np.abs(window).max() >= _SILENT_PEAK:
            yield window
        start = end


def _quietest(wave: Wave, first: int, last: int) -> int:
    """Find the middle of the quietest quarter of a second between two samples."""
    frame = int(_FRAME_S * RATE)
    frames = wave[first : first + (last - first) // frame * frame].reshape(-1, frame)
    power = np.convolve(np.square(frames).mean(axis=1), np.ones(_SMOOTHED_FRAMES), mode="valid")
    return first + int((np.argmin(power) + _SMOOTHED_FRAMES / 2) * frame)
