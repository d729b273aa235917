"""The limiter: true peaks under the ceiling, and nothing else touched."""

import math

import numpy as np
import pytest

from narrated.audio.limiter import Wave, limited, true_peak
from narrated.audio.pcm import FULL_SCALE, samples
from support.ebur128 import level_of

pytestmark = pytest.mark.usefixtures("ebur128")

CEILING = 10 ** (-1 / 20)


@pytest.fixture(scope="module")
def wave(speech: bytes) -> Wave:
    return samples(speech).astype(np.float32) / FULL_SCALE


@pytest.mark.parametrize("gain_db", [3, 9, 20])
def test_true_peaks_keep_the_ceiling(wave: Wave, sample_rate: int, gain_db: int) -> None:
    """Sound that is far too loud keeps to the ceiling, also between its samples."""
    loud = wave * np.float32(10 ** (gain_db / 20))
    assert level_of(loud, sample_rate).true_peak_db > -1 + gain_db / 4
    held = level_of(limited(loud, sample_rate, CEILING), sample_rate)
    # libebur128 looks at the same four points, through another filter.
    assert -1.3 < held.true_peak_db < -0.9


def test_soft_sound_is_untouched(wave: Wave, sample_rate: int) -> None:
    """Sound that never reaches the ceiling is given back as it is."""
    soft = wave * np.float32(0.3)
    assert limited(soft, sample_rate, CEILING) is soft


def test_only_sound_near_peaks_changes(sample_rate: int) -> None:
    """A peak changes the sound for 20 ms to both sides, and smoothly."""
    wave = np.full(sample_rate, 0.1, np.float32)
    wave[sample_rate // 2] = 2.0
    held = limited(wave, sample_rate, CEILING)
    changed = np.flatnonzero(held != wave)
    assert abs(changed - sample_rate // 2).max() <= 0.021 * sample_rate
    gain = held / wave
    assert abs(np.diff(gain)).max() < 0.01


def test_peak_at_an_end_is_held(sample_rate: int) -> None:
    """A peak in the first or the last sample is held as well."""
    for place in (0, -1):
        wave = np.zeros(300, np.float32)
        wave[place] = 1.5
        assert true_peak(limited(wave, sample_rate, CEILING)) <= CEILING * 1.001


@pytest.mark.parametrize("length", [0, 1, 2, 30])
def test_short_sound_is_limited(sample_rate: int, length: int) -> None:
    """Sound of a few samples, or of none, is held as well."""
    held = limited(np.full(length, -3, np.float32), sample_rate, CEILING)
    assert len(held) == length
    assert true_peak(held) <= CEILING * 1.001


def test_true_peak_lies_between_samples(sample_rate: int) -> None:
    """A tone at a quarter of the rate, sampled off its crests, has its crest as its peak."""
    tone = np.sin(2 * np.pi * np.arange(sample_rate) / 4 + np.pi / 4).astype(np.float32)
    tone *= np.hanning(sample_rate).astype(np.float32)
    assert 20 * math.log10(true_peak(tone)) == pytest.approx(0, abs=0.05)
    assert abs(tone).max() < 0.71
