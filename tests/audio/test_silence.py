"""Silence."""

import pytest

from narrated.audio.pcm import silence


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.333, 1.0001, 7.7])
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
def test_silence_duration(seconds: float, rate: int) -> None:
    """Silence has its duration, to the nearest sample."""
    assert silence(seconds, rate) == bytes(2 * round(seconds * rate))
