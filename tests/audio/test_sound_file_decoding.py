"""Sound files of intros and outros: any that FFmpeg reads, in bounds; all else is a clear error."""

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from narrated.audio.encoder_requests import SoundFile, SoundFileChanged
from narrated.audio.formats import FORMATS
from narrated.audio.pcm import samples
from narrated.audio.sound_file_decoding import LONGEST_S, MOST_BYTES, SoundFileDecoder
from narrated.audio.streaming_encoder import AudioEncoder
from narrated.errors import StorageError

RATE = 16_000


def tone(seconds: float, pitch_hz: float = 400) -> bytes:
    times = np.arange(round(seconds * RATE)) / RATE
    return (12000 * np.sin(math.tau * pitch_hz * times)).astype("<i2").tobytes()


def jingle(path: Path, seconds: float = 1.0, format: str = "wav") -> Path:
    with AudioEncoder(path, format, RATE) as encoder:
        encoder.write(tone(seconds))
    return path


def planned(path: Path) -> SoundFile:
    return SoundFile(str(path), SoundFileDecoder().check(path, "intro"))


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_decoded(tmp_path: Path, format: str) -> None:
    """A file of each format of ours is heard in mono, at the narration's rate, at its level."""
    path = jingle(tmp_path / f"jingle{FORMATS[format].suffix}", format=format)
    wave = samples(SoundFileDecoder().sound(planned(path), 22050))
    assert len(wave) / 22050 == pytest.approx(1.0, abs=0.1)  # the codec's own padding
    assert np.abs(wave[4000:-4000]).max() == pytest.approx(12000, rel=0.1)


def test_file_begins_and_ends_faded(tmp_path: Path) -> None:
    """A file that is cut out of a sound begins and ends without a click."""
    path = jingle(tmp_path / "jingle.wav", seconds=0.9999)
    wave = samples(SoundFileDecoder().sound(planned(path), RATE))
    step = np.abs(np.diff(samples(tone(1.0)).astype(int))).max()
    assert np.abs(np.diff(np.pad(wave, 1).astype(int))).max() <= step + 12000 // 80


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def broken(path: Path) -> None:
    path.write_bytes(b"RIFF" + bytes(range(256)) * 20)


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "is missing"),
        (Path.mkdir, "is a folder"),
        (os.mkfifo, "is a device or a pipe"),
        (device, "is a device or a pipe"),
        (Path.touch, "is no sound that can be decoded"),
        (broken, "is no sound that can be decoded"),
        (too_large, "has more than 64 MiB"),
        (lambda path: jingle(path, LONGEST_S + 1, "flac"), "is longer than 120 seconds"),
    ],
    ids=["missing", "folder", "pipe", "device", "empty", "broken", "large", "long"],
)
def test_refusal_names_the_file(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    """What is no sound file is refused at once, by its key, its path and the reason."""
    path = tmp_path / "jingle.wav"
    make(path)
    with pytest.raises(StorageError) as refused:
        SoundFileDecoder().check(path, "outro")
    assert refused.value.problem == f"`audio: outro`: {path} {problem}."
    assert "change `outro`" in refused.value.remedy


def test_other_content_is_not_heard(tmp_path: Path) -> None:
    """A narration gets the file that it was planned with, or none."""
    path = jingle(tmp_path / "jingle.wav")
    before, decoder = planned(path), SoundFileDecoder()
    jingle(path, seconds=2.0)
    with pytest.raises(SoundFileChanged):
        decoder.sound(before, RATE)
    path.unlink()
    with pytest.raises(SoundFileChanged):
        decoder.sound(before, RATE)
