"""Trimming, and silence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.silence import samples, silence, trim


def tone(amplitude: float, seconds: float, sample_rate: int) -> bytes:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (amplitude * 32767 * np.sin(2 * np.pi * 400 * time)).astype("<i2").tobytes()


def seconds_of(pcm: bytes, sample_rate: int) -> float:
    return len(pcm) / 2 / sample_rate


def test_trim_keeps_the_words(speech: bytes, sample_rate: int) -> None:
    """Silence at the ends is cut, and the words stay."""
    words = trim(speech, sample_rate)
    padded = silence(0.7, sample_rate) + words + silence(1.3, sample_rate)
    trimmed = trim(padded, sample_rate)
    assert seconds_of(words, sample_rate) <= seconds_of(trimmed, sample_rate)
    assert seconds_of(trimmed, sample_rate) < seconds_of(words, sample_rate) + 0.08
    inside = words[4000:-4000]
    assert inside in trimmed


def test_trimming_twice(speech: bytes, sample_rate: int) -> None:
    """A second trim changes nothing."""
    once = trim(silence(1, sample_rate) + speech + silence(1, sample_rate), sample_rate)
    assert trim(once, sample_rate) == once


def test_quiet_voice_is_kept(sample_rate: int) -> None:
    """A quiet voice does not count as silence."""
    quiet = tone(0.01, 0.5, sample_rate)
    trimmed = trim(silence(1, sample_rate) + quiet + silence(1, sample_rate), sample_rate)
    assert 0.5 <= seconds_of(trimmed, sample_rate) < 0.58


def test_cut_is_faded(sample_rate: int) -> None:
    """A cut through faint noise is faded."""
    noise = np.random.default_rng(1).normal(0, 20, sample_rate).astype("<i2").tobytes()
    cut = samples(trim(noise + tone(0.9, 0.5, sample_rate) + noise, sample_rate))
    assert len(cut) < sample_rate
    assert np.abs(cut[:5]).max() <= 4
    assert np.abs(cut[-5:]).max() <= 4
    # Further in the faint noise is kept as it is.
    assert np.abs(cut[200:400]).max() > 30
    assert np.abs(cut[-400:-200]).max() > 30


def test_silent_take_stays_short(sample_rate: int) -> None:
    """A silent take is cut to a very short one."""
    assert seconds_of(trim(silence(5, sample_rate), sample_rate), sample_rate) < 0.04
    assert trim(b"", sample_rate) == b""


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.333, 1.0001, 7.7])
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
def test_silence_duration(seconds: float, rate: int) -> None:
    """Silence has its duration, to the nearest sample."""
    assert silence(seconds, rate) == bytes(2 * round(seconds * rate))


def test_no_warning_without_ffmpeg(tmp_path: Path) -> None:
    """No warning reaches the user if ffmpeg is not installed."""
    code = "import sys; sys.path[:0] = sys.argv[1:]; import narrated.audio.silence"
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, *sys.path],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pydub" not in done.stderr
    assert "ffmpeg" not in done.stderr
