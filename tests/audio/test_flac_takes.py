"""Takes kept without loss, and their loudness."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.flac_takes import SILENCE_DB, from_flac, measure, to_flac
from narrated.audio.pcm import silence
from narrated.audio.take_header import length
from narrated.errors import StorageError


def tone(amplitude: float, seconds: float, sample_rate: int) -> bytes:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (amplitude * 32767 * np.sin(2 * np.pi * 400 * time)).astype("<i2").tobytes()


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


def _endless(path: Path) -> None:
    """A header that claims as many samples as it can, 137 GB of them."""
    to_flac(path, bytes(4410), 22050)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)


def _linked(path: Path) -> None:
    to_flac(path.with_name("elsewhere"), bytes(4410), 22050)
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "put", [os.mkfifo, Path.mkdir, _linked, _endless, lambda path: path.symlink_to(path.name)]
)
def test_anything_else_is_damaged(tmp_path: Path, put: Callable[[Path], object]) -> None:
    """Anything else in a take's place is a damaged take, at once and at no cost."""
    put(tmp_path / "take.flac")
    with pytest.raises(StorageError, match="damaged"):
        from_flac(tmp_path / "take.flac")
    with pytest.raises(StorageError, match="damaged"):
        length(tmp_path / "take.flac")


def test_take_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody but its owner and group may read a take, whatever the umask."""
    before = os.umask(0)
    try:
        to_flac(tmp_path / "take.flac", bytes(4410), 22050)
    finally:
        os.umask(before)
    assert (tmp_path / "take.flac").stat().st_mode & 0o7777 == 0o640
