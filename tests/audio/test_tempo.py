"""Speed of speech: takes are stretched when they are written, and keep their pitch."""

import math
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import TakeToAdd
from narrated.audio.flac_takes import to_flac
from narrated.audio.narration_file import LEAD_S, NarrationFile
from narrated.audio.tempo import with_speed

RATE = 16_000
PITCH_HZ = 200
Wave = np.ndarray[tuple[int], np.dtype[np.int16]]


def _tone(seconds: float, pitch_hz: float = PITCH_HZ) -> Wave:
    times = np.arange(round(seconds * RATE)) / RATE
    return (8000 * np.sin(math.tau * pitch_hz * times)).astype("<i2")


def _stretched(wave: Wave, speed: float) -> Wave:
    return np.frombuffer(with_speed(wave.tobytes(), RATE, speed), "<i2")


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
@pytest.mark.parametrize("seconds", [0.001, 0.03, 0.5, 7.0])
def test_speed_divides_the_length(seconds: float, speed: float) -> None:
    """A take lasts its length divided by the speed, to the sample, however short it is."""
    wave = _tone(seconds)
    assert len(_stretched(wave, speed)) == round(len(wave) / speed)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_speed_keeps_the_pitch(speed: float) -> None:
    """A tone sounds as high as before, from its beginning to its end."""
    wave = _stretched(_tone(3.0), speed)
    for part in np.array_split(wave, 3):
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        heard_hz = spectrum.argmax() * RATE / len(part)
        assert heard_hz == pytest.approx(PITCH_HZ, rel=0.03)
        assert np.abs(part[200:-200]).max() > 4000


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_speed_keeps_both_ends(speed: float) -> None:
    """The first and the last sound of a take are still there: each had another pitch."""
    wave = np.concatenate([_tone(0.15, 400), _tone(1.0), _tone(0.15, 800)])
    heard = _stretched(wave, speed)
    length = round(0.1 * RATE / speed)
    for part, pitch_hz in ((heard[:length], 400), (heard[-length:], 800)):
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        assert spectrum.argmax() * RATE / len(part) == pytest.approx(pitch_hz, rel=0.06)


def test_speed_one_changes_nothing() -> None:
    """At speed 1 a take is written as it was spoken."""
    pcm = _tone(0.4).tobytes()
    assert with_speed(pcm, RATE, 1.0) == pcm


def test_transcript_follows_the_speed(tmp_path: Path) -> None:
    """The times of each take are those of the stretched sound; the lead stays as it is."""
    path = tmp_path / "take.flac"
    to_flac(path, _tone(2.0).tobytes(), RATE)
    narration = NarrationFile(tmp_path / "work", "wav", None)
    heard = narration.add([TakeToAdd(str(path), "Words.", 0.5, speed) for speed in (1.0, 2.0)])
    second_s = LEAD_S + 2.0 + 0.5
    room_s = 0.03  # at both ends of each take: a part of the pauses
    heard_s = [LEAD_S, LEAD_S + 2.0 + 2 * room_s, second_s, second_s + 1.0 + 2 * room_s]
    # A tone's first and last samples are silent.
    times = [time for one in heard for time in (one.start_s, one.end_s)]
    assert times == pytest.approx(heard_s, abs=0.001)
    duration_s = narration.close(AudioTags("T"))
    assert duration_s == pytest.approx(second_s + 1.0 + 0.25, abs=0.001)
    assert "00:00:02.750 --> 00:00:03.8" in (tmp_path / "work" / "audio.vtt").read_text()
