"""Loudness from energies of 100 ms, against libebur128."""

import numpy as np
import pytest

from narrated.audio.loudness import LoudnessMeter, energies, integrated_lufs, pack, unpack
from narrated.audio.pcm import FULL_SCALE, Samples, samples, silence
from support.ebur128 import level_of

pytestmark = pytest.mark.usefixtures("ebur128")


def judged(wave: Samples, sample_rate: int) -> float:
    return level_of(wave.astype(np.float32) / FULL_SCALE, sample_rate).integrated_lufs


def at_rate(wave: Samples, sample_rate: int, other: int) -> Samples:
    places = np.arange(0, len(wave) - 1, sample_rate / other)
    return np.interp(places, np.arange(len(wave)), wave).astype(np.int16)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
def test_speech_measures_as_ebur128(speech: bytes, sample_rate: int, rate: int) -> None:
    """Speech with pauses is as loud as libebur128 finds it, at each rate of a voice."""
    wave = at_rate(samples((speech + silence(0.7, sample_rate)) * 3), sample_rate, rate)
    # A frame of 100 ms is measured without the filters' ringing into the next.
    assert integrated_lufs(energies(wave, rate)) == pytest.approx(judged(wave, rate), abs=0.1)


def test_reference_tone(sample_rate: int) -> None:
    """A tone of EBU Tech 3341 in both speakers has the loudness that its level says."""
    time = np.arange(20 * sample_rate) / sample_rate
    tone = FULL_SCALE * 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * time)
    assert integrated_lufs(energies(tone.astype(np.int16), sample_rate)) == pytest.approx(
        -23, abs=0.1
    )


def test_soft_parts_are_gated(speech: bytes, sample_rate: int) -> None:
    """Noise far below the speech counts as little as silence does."""
    noise = np.random.default_rng(1).normal(0, 30, 30 * sample_rate).astype("<i2")
    wave = np.concatenate([samples(speech * 3), noise])
    spoken = integrated_lufs(energies(samples(speech * 3), sample_rate))
    assert integrated_lufs(energies(wave, sample_rate)) == pytest.approx(spoken, abs=0.1)


def test_pieces_measure_as_a_whole(speech: bytes, sample_rate: int) -> None:
    """Energies that come piece by piece give the loudness of the whole."""
    measured = energies(samples(speech * 3), sample_rate)
    meter = LoudnessMeter()
    for start in range(0, len(measured), 3):
        meter.add(measured[start : start + 3])
    assert meter.integrated_lufs == pytest.approx(integrated_lufs(measured))


@pytest.mark.parametrize("pcm", [b"", bytes(2), bytes(2 * 22050)])
def test_silence_has_no_loudness(pcm: bytes) -> None:
    """Silence, and less than a block of it, has no loudness."""
    assert integrated_lufs(energies(samples(pcm), 22050)) is None


def test_packed_energies_keep_loudness(speech: bytes, sample_rate: int) -> None:
    """Energies that were packed for a file give the same loudness."""
    measured = energies(samples(speech + silence(1, sample_rate)), sample_rate)
    again = unpack(pack(measured))
    assert len(pack(measured)) == 2 * len(measured)
    assert integrated_lufs(again) == pytest.approx(integrated_lufs(measured), abs=0.01)
