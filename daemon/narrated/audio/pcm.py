"""PCM of a voice (s16le, mono): its samples, silence, and fades."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

Wave = npt.NDArray[np.float32]
"""Samples of which 1.0 is full scale, or their own steps."""

SAMPLE_BYTES = 2
FULL_SCALE = 32768


def samples(pcm: bytes) -> Samples:
    """View PCM as an array, without a copy."""
    return np.frombuffer(pcm, dtype="<i2")


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence, to the nearest sample."""
    return bytes(SAMPLE_BYTES * round(max(seconds, 0.0) * sample_rate))


def faded(wave: Samples, sample_rate: int, in_s: float, out_s: float) -> Samples:
    """Return a copy of a sound that begins and ends in silence, with fades of these lengths."""
    copy = wave.copy()
    for seconds, part in ((in_s, copy), (out_s, copy[::-1])):
        count = min(round(seconds * sample_rate), len(copy) // 2)
        ramp = np.arange(count, dtype=np.float32) / max(count, 1)
        part[:count] = part[:count] * ramp
    return copy
