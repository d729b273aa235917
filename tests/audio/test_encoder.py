"""Encoding, heard back: as long as what went in, and the same sound."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from narrated.audio.encoder import AudioEncoder
from narrated.audio.formats import FORMATS
from narrated.audio.pcm import samples, silence
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
    """What a player makes of the file, at the given rate."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)
    with av.open(str(path)) as container:
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(float)


def cut(pcm: bytes, length: int) -> list[bytes]:
    return [pcm[start : start + 2 * length] for start in range(0, len(pcm), 2 * length)]


@EVERY_FORMAT
def test_what_is_heard_is_what_was_written(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    sound = samples(speech).astype(float)
    back = heard(encoded(tmp_path / "a", format, sample_rate, speech), sample_rate)
    # Vorbis and AAC end with a whole frame in players that do not cut it; none starts late.
    assert len(sound) - 300 <= len(back) <= len(sound) + 1024
    common = min(len(sound), len(back))
    # All that Opus changes is what it does not keep: the phase of what lies high.
    assert np.corrcoef(sound[:common], back[:common])[0, 1] > 0.97


@EVERY_FORMAT
def test_the_same_sound_makes_the_same_bytes_however_it_was_cut(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    whole = encoded(tmp_path / "whole", format, sample_rate, speech)
    again = encoded(tmp_path / "again", format, sample_rate, speech)
    pieces = encoded(tmp_path / "cut", format, sample_rate, *cut(speech, 7001), b"")
    assert whole.read_bytes() == again.read_bytes()
    assert whole.read_bytes() == pieces.read_bytes()


@EVERY_FORMAT
def test_a_file_to_which_nothing_was_written_still_plays(
    tmp_path: Path, sample_rate: int, format: str
) -> None:
    back = heard(encoded(tmp_path / "empty", format, sample_rate), sample_rate)
    assert 0 < len(back) < 0.2 * sample_rate
    assert not back.any()


@EVERY_FORMAT
def test_a_piece_of_another_rate_takes_the_time_it_took(
    tmp_path: Path, sample_rate: int, format: str
) -> None:
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
def test_every_rate_a_voice_may_have_is_encoded(tmp_path: Path, format: str, rate: int) -> None:
    path = encoded(tmp_path / "a", format, rate, silence(1, rate))
    assert len(heard(path, rate)) == pytest.approx(rate, abs=1024)


def test_seconds_count_every_sample(tmp_path: Path, sample_rate: int) -> None:
    with AudioEncoder(tmp_path / "a.wav", "wav", sample_rate) as encoder:
        for _ in range(1000):
            encoder.write(bytes(2 * 22))
        assert encoder.seconds == 22000 / 22050


def test_half_a_sample_is_a_mistake_and_not_noise(tmp_path: Path, sample_rate: int) -> None:
    with (
        pytest.raises(ValueError, match="inside a sample"),
        AudioEncoder(tmp_path / "a.wav", "wav", sample_rate) as encoder,
    ):
        encoder.write(b"\0\0\0")


@pytest.mark.parametrize("format", ["mp3", "opus", "ogg", "m4a"])
def test_fewer_bits_make_a_smaller_file(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    sizes = []
    for bitrate in (24_000, 64_000):
        path = tmp_path / f"{bitrate}{FORMATS[format].suffix}"
        with AudioEncoder(path, format, sample_rate, bitrate) as encoder:
            encoder.write(speech * 2)
        sizes.append(path.stat().st_size)
    assert sizes[0] < 0.8 * sizes[1]


@pytest.mark.parametrize("format", ["flac", "wav"])
def test_without_loss_there_is_no_bitrate_to_choose(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    path = tmp_path / "a"
    with AudioEncoder(path, format, sample_rate, 24_000) as encoder:
        encoder.write(speech)
    assert np.array_equal(heard(path, sample_rate), samples(speech))


@EVERY_FORMAT
def test_an_error_on_the_way_leaves_no_half_file(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    path = tmp_path / "a"
    with pytest.raises(KeyError), AudioEncoder(path, format, sample_rate) as encoder:
        encoder.write(speech)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@EVERY_FORMAT
def test_a_file_that_was_there_stays_as_it_was_until_the_new_one_is_whole(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
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


def test_a_finished_file_is_not_taken_back(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    encoder = AudioEncoder(tmp_path / "a", "wav", sample_rate)
    encoder.write(speech)
    encoder.close()
    encoder.discard()
    assert (tmp_path / "a").exists()


def test_a_file_behind_a_link_is_written_and_the_link_stays(
    tmp_path: Path, speech: bytes, sample_rate: int
) -> None:
    link = tmp_path / "link"
    link.symlink_to("file")
    with AudioEncoder(link, "wav", sample_rate) as encoder:
        encoder.write(speech)
    assert link.is_symlink()
    assert (tmp_path / "file").stat().st_size > len(speech)


def test_a_pipe_is_written_into_and_not_replaced(
    tmp_path: Path, speech: bytes, sample_rate: int
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as reader:
        heard = reader.submit(pipe.read_bytes)
        with AudioEncoder(pipe, "mp3", sample_rate) as encoder:
            encoder.write(speech)
        assert len(heard.result()) > 1000
    assert pipe.is_fifo()


@EVERY_FORMAT
def test_closing_twice_is_closing_once(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    encoder = AudioEncoder(tmp_path / "a", format, sample_rate)
    encoder.write(speech)
    encoder.close()
    once = (tmp_path / "a").read_bytes()
    encoder.close()
    assert (tmp_path / "a").read_bytes() == once


@EVERY_FORMAT
def test_a_full_disk_is_a_storage_error_and_leaves_nothing(
    small_disk: Path, sample_rate: int, format: str
) -> None:
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
def test_on_a_disk_that_runs_full_a_file_is_whole_or_refused(
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


def test_a_name_that_looks_like_a_protocol_is_a_name(tmp_path: Path, sample_rate: int) -> None:
    with chdir(tmp_path):
        encoded(Path("http:a%d"), "mp3", sample_rate, silence(1, sample_rate))
    assert [path.name for path in tmp_path.iterdir()] == ["http:a%d.mp3"]


def test_a_folder_that_is_missing_is_a_storage_error(tmp_path: Path, sample_rate: int) -> None:
    for format in FORMATS:
        with (
            pytest.raises(StorageError),
            AudioEncoder(tmp_path / "none" / "a", format, sample_rate) as encoder,
        ):
            encoder.write(silence(1, sample_rate))


@pytest.mark.parametrize("format", ["mp3", "ogg"])
def test_a_place_where_nothing_can_be_made_is_a_storage_error_that_says_why(
    tmp_path: Path, sample_rate: int, format: str
) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match=r"file/a could not be written: Not a directory\. Put"),
        AudioEncoder(tmp_path / "file" / "a", format, sample_rate) as encoder,
    ):
        encoder.write(silence(1, sample_rate))


@EVERY_FORMAT
def test_a_file_that_is_finished_leaves_no_thread_behind(
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
