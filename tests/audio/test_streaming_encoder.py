"""Encoding, heard back: as long as what went in, and the same sound."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from narrated.audio.formats import FORMATS
from narrated.audio.pcm import samples, silence
from narrated.audio.streaming_encoder import AudioEncoder
from narrated.errors import StorageError

EVERY_FORMAT = pytest.mark.parametrize("format", FORMATS)
Wave = npt.NDArray[np.float64]


def encoded(path: Path, format: str, sample_rate: int, *pieces: bytes) -> Path:
    path = path.with_suffix(FORMATS[format].suffix)
    with AudioEncoder(path, format, sample_rate) as encoder:
        for piece in pieces:
            encoder.write(piece)
    return path


def heard(path: Path, sample_rate: int) -> Wave:
    """Decode the file as a player does, at the given rate."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)
    with av.open(str(path)) as container:
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(float)


def cut(pcm: bytes, length: int) -> list[bytes]:
    return [pcm[start : start + 2 * length] for start in range(0, len(pcm), 2 * length)]


@EVERY_FORMAT
def test_sound_is_read_back(tmp_path: Path, speech: bytes, sample_rate: int, format: str) -> None:
    """The decoded sound is the written sound."""
    sound = samples(speech).astype(float)
    back = heard(encoded(tmp_path / "a", format, sample_rate, speech), sample_rate)
    # Vorbis and AAC end with a whole frame in players that do not cut it; none starts late.
    assert len(sound) - 300 <= len(back) <= len(sound) + 1024
    common = min(len(sound), len(back))
    # All that Opus changes is what it does not keep: the phase of what lies high.
    assert np.corrcoef(sound[:common], back[:common])[0, 1] > 0.97


@EVERY_FORMAT
def test_encoding_is_deterministic(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    """The same sound makes the same bytes, however it is split."""
    whole = encoded(tmp_path / "whole", format, sample_rate, speech)
    again = encoded(tmp_path / "again", format, sample_rate, speech)
    pieces = encoded(tmp_path / "cut", format, sample_rate, *cut(speech, 7001), b"")
    assert whole.read_bytes() == again.read_bytes()
    assert whole.read_bytes() == pieces.read_bytes()


@EVERY_FORMAT
def test_empty_file_plays(tmp_path: Path, sample_rate: int, format: str) -> None:
    """A file without PCM still plays."""
    back = heard(encoded(tmp_path / "empty", format, sample_rate), sample_rate)
    assert 0 < len(back) < 0.2 * sample_rate
    assert not back.any()


@EVERY_FORMAT
def test_other_rate_keeps_duration(tmp_path: Path, sample_rate: int, format: str) -> None:
    """PCM at another rate keeps its duration."""
    path = tmp_path / f"a{FORMATS[format].suffix}"
    time = np.arange(44100) / 44100
    with AudioEncoder(path, format, sample_rate) as encoder:
        encoder.write(silence(1, sample_rate))
        encoder.write((9000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes(), 44100)
        assert encoder.seconds == 2.0
    second = heard(path, sample_rate)[sample_rate + 2000 : 2 * sample_rate - 2000]
    spectrum = np.abs(np.fft.rfft(second * np.hanning(len(second))))
    assert np.argmax(spectrum) * sample_rate / len(second) == pytest.approx(440, abs=2)


@EVERY_FORMAT
@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_every_rate_is_encoded(tmp_path: Path, format: str, rate: int) -> None:
    """Every sample rate of a voice can be encoded."""
    path = encoded(tmp_path / "a", format, rate, silence(1, rate))
    assert len(heard(path, rate)) == pytest.approx(rate, abs=1024)


def test_seconds_count_every_sample(tmp_path: Path, sample_rate: int) -> None:
    """The duration counts every sample."""
    with AudioEncoder(tmp_path / "a.wav", "wav", sample_rate) as encoder:
        for _ in range(1000):
            encoder.write(bytes(2 * 22))
        assert encoder.seconds == 22000 / 22050


def test_half_a_sample_is_refused(tmp_path: Path, sample_rate: int) -> None:
    """Half a sample is refused."""
    with (
        pytest.raises(ValueError, match="inside a sample"),
        AudioEncoder(tmp_path / "a.wav", "wav", sample_rate) as encoder,
    ):
        encoder.write(b"\0\0\0")


@pytest.mark.parametrize("format", ["mp3", "opus", "ogg", "m4a"])
def test_bitrate_sets_the_size(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    """Fewer bits make a smaller file."""
    sizes = []
    for bitrate in (24_000, 64_000):
        path = tmp_path / f"{bitrate}{FORMATS[format].suffix}"
        with AudioEncoder(path, format, sample_rate, bitrate) as encoder:
            encoder.write(speech * 2)
        sizes.append(path.stat().st_size)
    assert sizes[0] < 0.8 * sizes[1]


@pytest.mark.parametrize("format", ["mp3", "opus", "ogg", "m4a"])
@pytest.mark.parametrize("bitrate", [1, 512_000])
def test_nearest_bitrate_is_taken(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, bitrate: int
) -> None:
    """A bitrate that a format does not have is written as the nearest that it has."""
    path = tmp_path / "a"
    with AudioEncoder(path, format, sample_rate, bitrate) as encoder:
        encoder.write(speech)
    assert len(heard(path, sample_rate)) >= len(samples(speech)) * 0.9


@pytest.mark.parametrize("format", ["flac", "wav"])
def test_lossless_ignores_bitrate(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    """A lossless format ignores the bitrate."""
    path = tmp_path / "a"
    with AudioEncoder(path, format, sample_rate, 24_000) as encoder:
        encoder.write(speech)
    assert np.array_equal(heard(path, sample_rate), samples(speech))


@EVERY_FORMAT
def test_error_leaves_no_file(tmp_path: Path, speech: bytes, sample_rate: int, format: str) -> None:
    """An error leaves no incomplete file."""
    path = tmp_path / "a"
    with pytest.raises(KeyError), AudioEncoder(path, format, sample_rate) as encoder:
        encoder.write(speech)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@EVERY_FORMAT
def test_old_file_stays_until_done(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    """An older file stays until the new one is complete."""
    path = tmp_path / "a"
    path.write_bytes(b"older")
    with pytest.raises(KeyError), AudioEncoder(path, format, sample_rate) as encoder:
        encoder.write(speech)
        raise KeyError
    assert path.read_bytes() == b"older"
    with AudioEncoder(path, format, sample_rate) as encoder:
        encoder.write(speech)
        assert path.read_bytes() == b"older"
    assert path.stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [path]


def test_discard_after_close(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A discard after the close keeps the file."""
    encoder = AudioEncoder(tmp_path / "a", "wav", sample_rate)
    encoder.write(speech)
    encoder.close()
    encoder.discard()
    assert (tmp_path / "a").exists()


def test_link_is_kept(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A link's target is written, and the link stays."""
    link = tmp_path / "link"
    link.symlink_to("file")
    with AudioEncoder(link, "wav", sample_rate) as encoder:
        encoder.write(speech)
    assert link.is_symlink()
    assert (tmp_path / "file").stat().st_size > len(speech)


def test_pipe_is_written_into(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A pipe is written into, and not replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as reader:
        heard = reader.submit(pipe.read_bytes)
        with AudioEncoder(pipe, "mp3", sample_rate) as encoder:
            encoder.write(speech)
        assert len(heard.result()) > 1000
    assert pipe.is_fifo()


@EVERY_FORMAT
def test_closing_twice(tmp_path: Path, speech: bytes, sample_rate: int, format: str) -> None:
    """A second close does nothing."""
    encoder = AudioEncoder(tmp_path / "a", format, sample_rate)
    encoder.write(speech)
    encoder.close()
    once = (tmp_path / "a").read_bytes()
    encoder.close()
    assert (tmp_path / "a").read_bytes() == once


@EVERY_FORMAT
def test_full_disk_leaves_nothing(small_disk: Path, sample_rate: int, format: str) -> None:
    """A full disk is a StorageError, and no file is left."""
    noise = np.random.default_rng(1).normal(0, 3000, sample_rate).astype("<i2").tobytes()
    with (
        pytest.raises(StorageError),
        AudioEncoder(small_disk / "a", format, sample_rate) as encoder,
    ):
        for _ in range(60):
            encoder.write(noise)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize(
    ("format", "seconds"),
    [("mp3", 2), ("opus", 4), ("ogg", 3), ("m4a", 2), ("flac", 0.4), ("wav", 0.4)],
)
def test_filling_disk_is_noticed(
    small_disk: Path, sample_rate: int, format: str, seconds: float
) -> None:
    """Room that ends anywhere, so that for some what is written last no longer fits."""
    noise = (
        np.random.default_rng(1).normal(0, 3000, int(seconds * sample_rate)).astype("<i2").tobytes()
    )
    path, filler, fates = small_disk / "a", small_disk / "others", set()
    for free_pages in range(1, 9):
        filler.write_bytes(bytes(128 * 1024 - free_pages * 4096))
        try:
            with AudioEncoder(path, format, sample_rate) as encoder:
                encoder.write(noise)
        except StorageError:
            assert not path.exists()
            fates.add("refused")
        else:
            assert len(heard(path, sample_rate)) >= len(noise) // 2 - 300
            path.unlink()
            fates.add("whole")
    assert fates == {"refused", "whole"}


def test_name_like_a_protocol(tmp_path: Path, sample_rate: int) -> None:
    """A name that looks like a protocol is a file name."""
    with chdir(tmp_path):
        encoded(Path("http:a%d"), "mp3", sample_rate, silence(1, sample_rate))
    assert [path.name for path in tmp_path.iterdir()] == ["http:a%d.mp3"]


def test_missing_folder_is_an_error(tmp_path: Path, sample_rate: int) -> None:
    """A missing folder is a StorageError."""
    for format in FORMATS:
        with (
            pytest.raises(StorageError),
            AudioEncoder(tmp_path / "none" / "a", format, sample_rate) as encoder,
        ):
            encoder.write(silence(1, sample_rate))


@pytest.mark.parametrize("format", ["mp3", "ogg"])
def test_refused_place_is_explained(tmp_path: Path, sample_rate: int, format: str) -> None:
    """A folder where no file can be made is a StorageError with its reason."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match=r"file/a could not be written: Not a directory\. Put"),
        AudioEncoder(tmp_path / "file" / "a", format, sample_rate) as encoder,
    ):
        encoder.write(silence(1, sample_rate))


@EVERY_FORMAT
def test_closed_file_has_no_thread(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    """Even where somebody still holds on to its encoder."""
    encoded(tmp_path / "warm", format, sample_rate, speech)
    before = _threads()
    finished = AudioEncoder(tmp_path / "a", format, sample_rate)
    finished.write(speech)
    finished.close()
    given_up = AudioEncoder(tmp_path / "b", format, sample_rate)
    given_up.write(speech)
    given_up.discard()
    assert _threads() <= before


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())
