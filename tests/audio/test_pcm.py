"""PCM: silence, and fades."""

import numpy as np
import pytest

from narrated.audio.pcm import faded, silence


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.333, 1.0001, 7.7])
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
def test_silence_duration(seconds: float, rate: int) -> None:
    """Silence has its duration, to the nearest sample."""
    assert silence(seconds, rate) == bytes(2 * round(seconds * rate))


def test_faded_sound_begins_in_silence() -> None:
    """A fade begins and ends in silence, and leaves the rest and the original as they are."""
    loud = np.full(1000, 30_000, np.int16)
    heard = faded(loud, 1000, 0.1, 0.2)
    assert (heard[0], heard[50], heard[-1], heard[-101]) == (0, 15_000, 0, 15_000)
    assert set(heard[100:800]) == {30_000} == set(loud)
    assert not len(faded(loud[:0], 1000, 0.1, 0.2))
