"""Look-ahead true-peak limiter: sound under a ceiling, also between its samples.

True peaks as in ITU-R BS.1770-4, Annex 2: the sound is oversampled four times. It is so only near
loud samples, since that is most of a limiter's cost, and no other part can pass the ceiling. The
gain goes down before a peak and up after it in 10 ms, by the least gain that a window around each
sample asks for, smoothed.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import Wave

Places = npt.NDArray[np.intp]

_LOOK_S = 0.010  # longer than a period of a low voice, so that the gain does not follow each
_PHASES = 4
_TAPS = 24
PEAK_REACH = _TAPS
"""So many samples around a place decide how high the sound is there."""
_LOUD = 0.6
"""Between samples softer than this part of the ceiling, no speech passes the ceiling."""
_ROWS_AT_ONCE = 8192


def limited(wave: Wave, sample_rate: int, ceiling: float) -> Wave:
    """Hold true peaks under a ceiling (1.0 is full scale); the same array if none passes it."""
    places, peaks = _loud_peaks(wave, _LOUD * ceiling)
    high = peaks > ceiling
    if not high.any():
        return wave
    places, gains = places[high], np.float32(ceiling) / peaks[high]
    look = max(1, round(_LOOK_S * sample_rate))
    sound = wave.copy()
    for span, within in _spans(places, 2 * look + 1, len(wave)):
        wanted = np.ones(span.stop - span.start, np.float32)
        wanted[places[within] - span.start] = gains[within]
        # One further, since a peak lies between its sample and the next.
        sound[span] *= _smoothed(_least_around(wanted, look + 1), look)
    return sound


def true_peak(wave: Wave, at_least: float = 0.0) -> float:
    """Find the highest magnitude of the sound, between its samples too, if it is over a least."""
    highest = float(np.abs(wave).max(initial=at_least))
    _, peaks = _loud_peaks(wave, _LOUD * highest)
    return float(peaks.max(initial=highest))


def _loud_peaks(wave: Wave, above: float) -> tuple[Places, Wave]:
    """Find the loud samples and those before them, and the peak from each to the next sample."""
    loud = np.abs(wave) > above
    loud[:-1] |= loud[1:]
    places = np.flatnonzero(loud)
    peaks = np.empty(len(places), np.float32)
    half = _TAPS // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wave, half), _TAPS)[1:]
    for start in range(0, len(places), _ROWS_AT_ONCE):
        part = windows[places[start : start + _ROWS_AT_ONCE]]
        peaks[start : start + len(part)] = np.abs(part @ _POINTS).max(axis=1)
    return places, peaks


def _spans(places: Places, reach: int, end: int) -> Iterator[tuple[slice, slice]]:
    """Group places whose reaches touch: samples of the sound, and places of the group."""
    breaks = np.flatnonzero(np.diff(places) > 2 * reach) + 1
    for first, last in pairwise([0, *breaks.tolist(), len(places)]):
        start = max(0, int(places[first]) - reach)
        yield slice(start, min(end, int(places[last - 1]) + reach + 1)), slice(first, last)


def _interpolators() -> Wave:
    """Windowed sines: taps by phases, from a sample to the next."""
    points = np.arange(_PHASES + 1) / _PHASES
    distance = np.arange(_TAPS)[:, None] - (_TAPS // 2 - 1) - points
    window = np.cos(np.pi * distance / (_TAPS + 2)) ** 2
    taps: npt.NDArray[np.float64] = np.sinc(distance) * window
    return taps.astype(np.float32)


_POINTS = _interpolators()


def _least_around(gain: Wave, reach: int) -> Wave:
    """The least gain within a reach of each sample, in time that no reach changes.

    After M. van Herk, "A fast algorithm for local minimum and maximum filters" (1992): the least of
    a window is that of the end of one block and of the beginning of the next.
    """
    size = 2 * reach + 1
    count = len(gain)
    blocks = -(-(count + size - 1) // size)
    padded = np.ones(blocks * size, np.float32)
    padded[reach : reach + count] = gain
    table = padded.reshape(blocks, size)
    from_start = np.minimum.accumulate(table, axis=1).reshape(-1)
    to_end = np.minimum.accumulate(table[:, ::-1], axis=1)[:, ::-1].reshape(-1)
    return np.minimum(to_end[:count], from_start[size - 1 : size - 1 + count])


def _smoothed(gain: Wave, reach: int) -> Wave:
    """Average within a reach of each sample by a triangular window: two boxes of half its width."""
    first, last = np.repeat(gain[[0, -1]], reach).reshape(2, reach)
    padded = np.concatenate([first, gain, last])
    return _averaged(_averaged(padded, reach + 1), reach + 1)


def _averaged(gain: Wave, width: int) -> Wave:
    total = np.zeros(len(gain) + 1)
    np.cumsum(gain, out=total[1:])
    return ((total[width:] - total[:-width]) / width).astype(np.float32)
