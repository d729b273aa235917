"""Silence in PCM of a voice (s16le, mono): makes pauses, and trims the ends of takes."""

import warnings

import numpy as np
import numpy.typing as npt

with warnings.catch_warnings():
    # pydub warns about a missing ffmpeg and about the deprecated audioop. narrated runs no ffmpeg,
    # and the user can change neither.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

Samples = npt.NDArray[np.int16]

SAMPLE_BYTES = 2
FULL_SCALE = 32768

_WINDOW_S = 0.010
_KEPT_S = 0.030
_FADE_MS = 5
_DEAD_BELOW_PEAK_DB = -50.0
_NOTHING_HEARD_DBFS = -50.0


def samples(pcm: bytes) -> Samples:
    """View PCM as an array, without a copy."""
    return np.frombuffer(pcm, dtype="<i2")


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence, to the nearest sample."""
    return bytes(SAMPLE_BYTES * round(max(seconds, 0.0) * sample_rate))


def trim(pcm: bytes, sample_rate: int) -> bytes:
    """Cut silence at both ends, but for 30 ms, and fade at the cuts.

    Silence is 50 dB below the take's own peak. A take that is silent throughout is cut to its
    first 30 ms.
    """
    total = len(pcm) // SAMPLE_BYTES
    start, end = _heard(samples(pcm), sample_rate)
    if (start, end) == (0, total):
        return pcm
    take = AudioSegment(pcm, sample_width=SAMPLE_BYTES, frame_rate=sample_rate, channels=1)
    cut = take.get_sample_slice(start, end)
    if start > 0:
        cut = cut.fade_in(_FADE_MS)
    if end < total:
        cut = cut.fade_out(_FADE_MS)
    return bytes(cut.raw_data)


def _heard(wave: Samples, sample_rate: int) -> tuple[int, int]:
    """First and last sample to keep: the audible part, and 30 ms around it."""
    kept = round(_KEPT_S * sample_rate)
    window = max(1, round(_WINDOW_S * sample_rate))
    peaks = _window_peaks(wave, window)
    loudest = int(peaks.max(initial=0))
    if loudest < FULL_SCALE * 10 ** (_NOTHING_HEARD_DBFS / 20):
        return 0, min(kept, len(wave))
    heard = np.flatnonzero(peaks >= loudest * 10 ** (_DEAD_BELOW_PEAK_DB / 20))
    start = int(heard[0]) * window - kept
    end = (int(heard[-1]) + 1) * window + kept
    return max(0, start), min(len(wave), end)


def _window_peaks(wave: Samples, window: int) -> npt.NDArray[np.int32]:
    """The highest magnitude in each window; the last window may be short."""
    starts = np.arange(0, len(wave), window)
    if not len(starts):
        return np.zeros(0, dtype=np.int32)
    highest = np.maximum.reduceat(wave, starts).astype(np.int32)
    lowest = np.minimum.reduceat(wave, starts).astype(np.int32)
    return np.maximum(highest, -lowest)
