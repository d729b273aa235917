"""Turns PCM of any rate into the floats at 16 kHz that Whisper hears."""

from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from narrated.errors import EngineError

RATE = 16_000
"""Samples a second of what Whisper hears."""

Wave = npt.NDArray[np.float32]

_LOWEST_RATE, _HIGHEST_RATE = 1_000, 384_000
_ZEROS = 16
"""Zero crossings of the filter on each side: more are sharper and slower."""
_ROLLOFF = 0.95
"""Share of the lower Nyquist frequency that passes whole."""
_KAISER_BETA = 8.0
_MOST_PHASES = 2048
"""Rates that share no large factor with ours have more: the nearest is taken, 60 dB below."""
_AT_ONCE = 1 << 14
"""Samples computed at once, which bounds the memory."""


def waveform(pcm: bytes, sample_rate: int) -> Wave:
    """Decode signed 16-bit little-endian PCM of one channel to floats at 16 kHz.

    Raises EngineError for a rate or a size that cannot be.
    """
    if type(sample_rate) is not int or not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
        raise EngineError(
            f"The take has {sample_rate!r} samples a second.",
            f"Send PCM with {_LOWEST_RATE} to {_HIGHEST_RATE} samples a second.",
        )
    if len(pcm) % 2:
        raise EngineError(
            f"The take has {len(pcm)} bytes: half a sample is missing.", "Send 16-bit PCM."
        )
    wave = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
    return wave if sample_rate == RATE or not wave.size else _resampled(wave, sample_rate)


def _resampled(wave: Wave, rate: int) -> Wave:
    """Resample by a windowed sinc, whose taps are tabulated for each phase."""
    step = Fraction(rate, RATE)
    table, reach = _phases(rate)
    padded = np.pad(wave, (reach, reach))
    count = -(-len(wave) * step.denominator // step.numerator)
    taps = np.arange(table.shape[1])
    parts = []
    for first in range(0, count, _AT_ONCE):
        at = np.arange(first, min(first + _AT_ONCE, count), dtype=np.int64) * step.numerator
        start, phase = np.divmod(at, step.denominator)
        near = padded[start[:, np.newaxis] + taps]
        row = phase * len(table) // step.denominator
        parts.append(np.einsum("nt,nt->n", near, table[row]))
    return np.concatenate(parts)


@lru_cache(maxsize=4)
def _phases(rate: int) -> tuple[Wave, int]:
    """Tabulate the filter's taps for each phase, and its reach in samples on each side."""
    step = Fraction(rate, RATE)
    cutoff = min(1.0, RATE / rate) * _ROLLOFF
    reach = int(np.ceil(_ZEROS / cutoff))
    count = min(step.denominator, _MOST_PHASES)
    phases = np.arange(count)[:, np.newaxis] / count
    distance = np.arange(-reach, reach + 1)[np.newaxis, :] - phases
    inside = np.clip(1 - (distance / (reach + 1)) ** 2, 0, None)
    window = np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    table = cutoff * np.sinc(cutoff * distance) * window
    return (table / table.sum(axis=1, keepdims=True)).astype(np.float32), reach
