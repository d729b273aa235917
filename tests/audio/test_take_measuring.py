"""Measures of takes: voiced time, silences, noise, clipping and the very end."""

import numpy as np
import pytest

from narrated.audio.pcm import Samples, samples, silence
from narrated.audio.take_measures import TakeMeasures
from narrated.audio.take_measuring import measured
from narrated.engines import pico
from narrated.engines.interface import SpeechRequest, SpeechResult
from support.engine_context import PlainContext

RATE = 16_000
WORDS = "The garden behind the office was quiet, and the only sound came from the fans."
HOSTILE = {
    "empty": b"",
    "odd": b"\x01\x02\x03",
    "one sample": b"\x00\x80",
    "silence": silence(1, RATE),
    "offset": np.full(RATE, 12000, "<i2").tobytes(),
    "square": np.tile(np.repeat(np.array([32767, -32768], "<i2"), 40), 200).tobytes(),
    "impulse": silence(1, RATE) + b"\xff\x7f" + silence(1, RATE),
}


@pytest.fixture(scope="module")
def speech() -> Samples:
    """A sentence of Pico, without the silence at its end."""
    engine = pico.load({}, PlainContext())
    engine.admit(SpeechRequest("a", WORDS, ""))
    (said,) = engine.step()
    assert isinstance(said, SpeechResult)
    assert said.sample_rate == RATE
    wave = samples(said.pcm)
    return wave[: int(np.flatnonzero(np.abs(wave) > 300)[-1]) + 1]


def measures(*parts: Samples) -> TakeMeasures:
    return measured(np.concatenate(parts).astype("<i2").tobytes(), RATE)


def pause(seconds: float) -> Samples:
    return samples(silence(seconds, RATE))


def noise(seconds: float, rms: float) -> Samples:
    drawn = np.random.default_rng(1).normal(0, rms, round(seconds * RATE))
    return np.clip(drawn, -32768, 32767).astype("<i2")


def rms(wave: Samples) -> float:
    return float(np.sqrt(np.mean(wave.astype(float) ** 2)))


def loudest(wave: Samples) -> int:
    """A place within the loudest vowel."""
    return int(np.argmax(np.convolve(np.abs(wave.astype(float)), np.ones(800), "same")))


@pytest.mark.parametrize("pcm", HOSTILE.values(), ids=HOSTILE)
def test_any_sound_is_measured(pcm: bytes) -> None:
    """Whatever an engine gives has finite measures, in its own seconds."""
    found = measured(pcm, RATE)
    assert found.duration_s == pytest.approx(len(pcm) // 2 / RATE)
    assert 0 <= found.voiced_s <= found.duration_s + 0.01
    assert all(np.isfinite([found.noise_s, found.clipped, found.end_db, found.peak_db]))


def test_offset_is_silence() -> None:
    """A constant offset is nothing that is heard."""
    assert measured(HOSTILE["offset"], RATE).voiced_s == 0


def test_square_is_clipped() -> None:
    """All samples of a full square stand at the top."""
    assert measured(HOSTILE["square"], RATE).clipped > 0.99


def test_silences_are_told(speech: Samples) -> None:
    """A pause inside and the silences at both ends are measured; the voiced time stays."""
    alone, half = measures(speech), loudest(speech)
    found = measures(pause(0.5), speech[:half], pause(2), speech[half:], pause(1))
    assert found.longest_silence_s == pytest.approx(2, abs=0.1)
    assert found.trailing_silence_s == pytest.approx(1, abs=0.02)
    assert found.leading_silence_s == pytest.approx(0.5, abs=0.1)
    assert found.voiced_s == pytest.approx(alone.voiced_s, abs=0.03)


def test_speech_has_no_noise(speech: Samples) -> None:
    """Real speech, with its f and s, has neither noise nor clipping."""
    found = measures(speech, pause(0.3))
    assert found.noise_s < 0.1
    assert found.clipped < 0.001
    assert found.silences_s == ()


@pytest.mark.parametrize("above", [1.0, 2.5])
def test_static_is_noise(speech: Samples, above: float) -> None:
    """Half a second of static over the speech is measured as noise."""
    spoiled = speech.astype(float)
    spoiled[RATE : RATE * 3 // 2] += noise(0.5, above * rms(speech))
    assert measures(np.clip(spoiled, -32768, 32767)).noise_s > 0.3


def test_pink_noise_is_noise(speech: Samples) -> None:
    """Noise whose high tones are softer is measured as well."""
    white = np.fft.rfft(noise(0.6, 1000).astype(float))
    pink = np.fft.irfft(white / np.sqrt(np.maximum(np.arange(len(white)), 20)))
    spoiled = speech.astype(float)
    spoiled[RATE : RATE + len(pink)] += pink * 1.5 * rms(speech) / pink.std()
    assert measures(np.clip(spoiled, -32768, 32767)).noise_s > 0.33


def test_overdriven_take_is_clipped(speech: Samples) -> None:
    """A take that is driven far over full scale has many samples at the top."""
    assert measures(np.clip(speech * 8.0, -32768, 32767)).clipped > 0.01


def test_cut_sound_ends_loud(speech: Samples) -> None:
    """A take that ends within a vowel ends at its level; a whole one ends in silence."""

    assert measures(speech[: loudest(speech)]).end_db > -8
    assert measures(speech, pause(0.1)).end_db < -40
