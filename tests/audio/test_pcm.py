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


def test_dead_air_goes_and_the_words_stay(speech: bytes, sample_rate: int) -> None:
    words = trim(speech, sample_rate)
    padded = silence(0.7, sample_rate) + words + silence(1.3, sample_rate)
    trimmed = trim(padded, sample_rate)
    assert seconds_of(words, sample_rate) <= seconds_of(trimmed, sample_rate)
    assert seconds_of(trimmed, sample_rate) < seconds_of(words, sample_rate) + 0.08
    inside = words[4000:-4000]
    assert inside in trimmed


def test_trimming_what_is_trimmed_changes_nothing(speech: bytes, sample_rate: int) -> None:
    once = trim(silence(1, sample_rate) + speech + silence(1, sample_rate), sample_rate)
    assert trim(once, sample_rate) == once


def test_a_quiet_voice_is_not_taken_for_dead_air(sample_rate: int) -> None:
    quiet = tone(0.01, 0.5, sample_rate)
    trimmed = trim(silence(1, sample_rate) + quiet + silence(1, sample_rate), sample_rate)
    assert 0.5 <= seconds_of(trimmed, sample_rate) < 0.58


def test_a_cut_through_faint_noise_begins_and_ends_in_silence(sample_rate: int) -> None:
    noise = np.random.default_rng(1).normal(0, 20, sample_rate).astype("<i2").tobytes()
    cut = samples(trim(noise + tone(0.9, 0.5, sample_rate) + noise, sample_rate))
    assert len(cut) < sample_rate
    assert np.abs(cut[:5]).max() <= 4
    assert np.abs(cut[-5:]).max() <= 4
    # Further in the faint noise is kept as it is.
    assert np.abs(cut[200:400]).max() > 30
    assert np.abs(cut[-400:-200]).max() > 30


def test_a_take_in_which_nothing_is_heard_stays_very_short(sample_rate: int) -> None:
    assert seconds_of(trim(silence(5, sample_rate), sample_rate), sample_rate) < 0.04
    assert trim(b"", sample_rate) == b""


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.333, 1.0001, 7.7])
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
def test_silence_is_as_long_as_asked_for_to_the_nearest_sample(seconds: float, rate: int) -> None:
    assert silence(seconds, rate) == bytes(2 * round(seconds * rate))


def test_a_full_scale_sine_measures_three_decibels_under_its_peak(sample_rate: int) -> None:
    level = measure(tone(1.0, 1, sample_rate))
    assert level.peak_db == pytest.approx(0, abs=0.01)
    assert level.rms_db == pytest.approx(-3.01, abs=0.01)


def test_half_the_amplitude_measures_six_decibels_less(sample_rate: int) -> None:
    assert measure(tone(0.5, 1, sample_rate)).peak_db == pytest.approx(-6.02, abs=0.01)


def test_the_lowest_sample_there_is_counts_as_full_scale() -> None:
    assert measure(b"\x00\x80").peak_db == 0


def test_silence_measures_as_a_finite_figure(sample_rate: int) -> None:
    assert measure(silence(1, sample_rate)).rms_db == SILENCE_DB
    assert measure(b"").peak_db == SILENCE_DB


def test_a_kept_take_comes_back_to_the_bit(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    path = tmp_path / "take.part"
    to_flac(path, speech, sample_rate)
    assert from_flac(path) == (speech, sample_rate)
    assert path.stat().st_size < len(speech)


def test_an_empty_take_comes_back_as_next_to_nothing(tmp_path: Path, sample_rate: int) -> None:
    to_flac(tmp_path / "take", b"", sample_rate)
    assert from_flac(tmp_path / "take") == (b"\0\0", sample_rate)


@pytest.mark.parametrize("place", [0, 30, 0.3, 0.7, -1])
def test_a_take_with_a_changed_byte_is_refused(
    tmp_path: Path, speech: bytes, sample_rate: int, place: float
) -> None:
    path = tmp_path / "take"
    to_flac(path, speech, sample_rate)
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if 0 < place < 1 else int(place)] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        from_flac(path)


def test_a_take_cut_short_is_refused(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    path = tmp_path / "take"
    to_flac(path, speech, sample_rate)
    for size in (path.stat().st_size - 1, 5000, 60, 10, 0):
        with path.open("r+b") as file:
            file.truncate(size)
        with pytest.raises(StorageError, match="damaged"):
            from_flac(path)


def test_a_missing_take_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        from_flac(tmp_path / "take")


def test_a_take_that_finds_no_room_is_a_storage_error(small_disk: Path, sample_rate: int) -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 10 * sample_rate).astype("<i2").tobytes()
    with pytest.raises(StorageError):
        to_flac(small_disk / "take", noise, sample_rate)


def test_no_warning_reaches_the_user_where_no_ffmpeg_is_installed(tmp_path: Path) -> None:
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
