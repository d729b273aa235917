"""PCM of a voice (s16le, mono), and silence in it."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

SAMPLE_BYTES = 2
FULL_SCALE = 32768


def samples(pcm: bytes) -> Samples:
    """View PCM as an array, without a copy."""
    return np.frombuffer(pcm, dtype="<i2")


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence, to the nearest sample."""
    return bytes(SAMPLE_BYTES * round(max(seconds, 0.0) * sample_rate))
