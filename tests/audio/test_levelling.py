"""Takes of different voices at one loudness, and their loudness in the file."""

import math
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.decoded_level import DecodedMeter
from narrated.audio.formats import FORMATS
from narrated.audio.levelling import Leveller, made_up
from narrated.audio.loudness import energies, integrated_lufs
from narrated.audio.pcm import FULL_SCALE, samples, silence
from narrated.audio.streaming_encoder import AudioEncoder
from support.ebur128 import heard_level

pytestmark = pytest.mark.usefixtures("ebur128")

TARGET, CEILING = -16.0, -2.5


def softer(pcm: bytes, by_db: float) -> bytes:
    return (samples(pcm) * 10 ** (-by_db / 20)).astype("<i2").tobytes()


@pytest.mark.parametrize("by_db", [0, 14, -6])
def test_limiters_loss_is_made_up(speech: bytes, sample_rate: int, by_db: float) -> None:
    """A loud, a quiet and a clipped take come to the target, through the limiter."""
    wave = np.clip(samples(speech) * 10 ** (-by_db / 20), -FULL_SCALE, FULL_SCALE - 1)
    take = wave.astype("<i2").tobytes()
    spoken = integrated_lufs(energies(samples(take), sample_rate))
    assert spoken is not None
    gain_db = made_up([take] * 3, sample_rate, TARGET - spoken, CEILING)
    leveller = Leveller(sample_rate, CEILING)
    for _ in range(3):
        leveller.take(take, gain_db)
    assert leveller.takes_lufs == pytest.approx(TARGET, abs=0.15)


def test_gain_under_the_ceiling_stays(speech: bytes, sample_rate: int) -> None:
    """Nothing is made up for takes that never reach the ceiling, or hold nothing."""
    assert made_up([speech], sample_rate, -12.0, CEILING) == -12.0
    assert made_up([silence(3, sample_rate)], sample_rate, 30.0, CEILING) == 30.0
    assert made_up([], sample_rate, 3.0, CEILING) == 3.0


def test_take_is_levelled_by_itself(speech: bytes, sample_rate: int) -> None:
    """A take sounds the same whatever went before it."""
    first, second = Leveller(sample_rate, CEILING), Leveller(sample_rate, CEILING)
    second.take(softer(speech, 20), 25)
    assert first.take(speech, 9) == second.take(speech, 9)


def test_loudness_of_what_was_passed_on(speech: bytes, sample_rate: int) -> None:
    """The leveller knows the loudness of all takes, and of each speaker's."""
    leveller = Leveller(sample_rate, CEILING)
    sound = []
    for place in range(4):
        speaker = ("text", "captions")[place % 2]
        sound.append(leveller.take(softer(speech, place % 2 * 3), 0.0, speaker))
    whole = integrated_lufs(energies(samples(b"".join(sound)), sample_rate))
    assert leveller.takes_lufs == pytest.approx(whole, abs=0.1)
    by_speaker = [leveller.speaker_lufs(speaker) for speaker in ("text", "captions", "nobody")]
    assert by_speaker[0] == pytest.approx(by_speaker[1] + 3, abs=0.1)
    assert by_speaker[2] is None


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_both_speakers_have_the_sound(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, channels: int
) -> None:
    """A stereo file is as loud as a mono file is heard, in every format."""
    path = tmp_path / "a"
    with AudioEncoder(path, format, sample_rate, 96_000, channels) as encoder:
        encoder.write(speech * 2)
    expected = integrated_lufs(energies(samples(speech * 2), sample_rate))
    assert heard_level(path).integrated_lufs == pytest.approx(expected, abs=0.5)
    assert heard_level(path).channels == channels


@pytest.mark.parametrize("format", ["mp3", "opus", "ogg", "m4a"])
@pytest.mark.parametrize("channels", [1, 2])
def test_decoded_sound_is_measured(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, channels: int
) -> None:
    """While it is encoded, a file is measured as a player decodes it."""
    meter = DecodedMeter()
    with AudioEncoder(tmp_path / "a", format, sample_rate, 32_000, channels, meter) as encoder:
        for start in range(0, len(speech), 40_000):
            encoder.write(speech[start : start + 40_000])
    heard, level = heard_level(tmp_path / "a"), meter.level()
    # The file's decoder leaves out what the codec put before the sound and after it.
    assert level.lufs == pytest.approx(heard.integrated_lufs, abs=0.15)
    assert 20 * math.log10(level.peak) == pytest.approx(heard.true_peak_db, abs=0.3)
