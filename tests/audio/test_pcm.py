"""Trimming, silence, measures, and takes kept without loss."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.pcm import SILENCE_DB, from_flac, measure, samples, silence, to_flac, trim
from narrated.errors import StorageError


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


def test_level_of_a_sine(sample_rate: int) -> None:
    """A full-scale sine measures three decibels below its peak."""
    level = measure(tone(1.0, 1, sample_rate))
    assert level.peak_db == pytest.approx(0, abs=0.01)
    assert level.rms_db == pytest.approx(-3.01, abs=0.01)


def test_level_of_half_amplitude(sample_rate: int) -> None:
    """Half the amplitude measures six decibels less."""
    assert measure(tone(0.5, 1, sample_rate)).peak_db == pytest.approx(-6.02, abs=0.01)


def test_lowest_sample_is_full_scale() -> None:
    """The lowest possible sample counts as full scale."""
    assert measure(b"\x00\x80").peak_db == 0


def test_level_of_silence(sample_rate: int) -> None:
    """Silence has a finite level."""
    assert measure(silence(1, sample_rate)).rms_db == SILENCE_DB
    assert measure(b"").peak_db == SILENCE_DB


def test_flac_is_lossless(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A take is read back from FLAC to the bit."""
    path = tmp_path / "take.part"
    to_flac(path, speech, sample_rate)
    assert from_flac(path) == (speech, sample_rate)
    assert path.stat().st_size < len(speech)


def test_empty_take_has_one_sample(tmp_path: Path, sample_rate: int) -> None:
    """An empty take is read back as one silent sample."""
    to_flac(tmp_path / "take", b"", sample_rate)
    assert from_flac(tmp_path / "take") == (b"\0\0", sample_rate)


@pytest.mark.parametrize("place", [0, 30, 0.3, 0.7, -1])
def test_changed_byte_is_detected(
    tmp_path: Path, speech: bytes, sample_rate: int, place: float
) -> None:
    """A FLAC file with a changed byte is refused."""
    path = tmp_path / "take"
    to_flac(path, speech, sample_rate)
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if 0 < place < 1 else int(place)] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        from_flac(path)


def test_truncated_take_is_refused(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A truncated FLAC file is refused."""
    path = tmp_path / "take"
    to_flac(path, speech, sample_rate)
    for size in (path.stat().st_size - 1, 5000, 60, 10, 0):
        with path.open("r+b") as file:
            file.truncate(size)
        with pytest.raises(StorageError, match="damaged"):
            from_flac(path)


def test_missing_take_is_not_damaged(tmp_path: Path) -> None:
    """A missing file is told from a damaged one."""
    with pytest.raises(FileNotFoundError):
        from_flac(tmp_path / "take")


def test_full_disk_is_an_error(small_disk: Path, sample_rate: int) -> None:
    """A full disk is a StorageError."""
    noise = np.random.default_rng(1).normal(0, 3000, 10 * sample_rate).astype("<i2").tobytes()
    with pytest.raises(StorageError):
        to_flac(small_disk / "take", noise, sample_rate)


def test_no_warning_without_ffmpeg(tmp_path: Path) -> None:
    """No warning reaches the user if ffmpeg is not installed."""
    code = "import sys; sys.path[:0] = sys.argv[1:]; import narrated.audio.pcm"
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, *sys.path],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pydub" not in done.stderr
    assert "ffmpeg" not in done.stderr
