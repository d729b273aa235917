"""Digests of sound files: a file is decoded when it is another, and not at each post."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError, StorageError
from narrated.jobs.sound_file_digests import SoundFileDigests


class _CountingEncoders:
    """Encoders that count the files that they decode, and may crash on all."""

    def __init__(self, crashes: bool = False) -> None:
        self.decoded = 0
        self._crashes = crashes

    async def check_sound_file(self, path: str, key: str) -> str:
        self.decoded += 1
        if self._crashes:
            raise NarratedError("The encoder crashed twice on this file.", "")
        return f"digest of {Path(path).read_text()}"


@pytest.fixture
def disk() -> Iterator[DiskThreads]:
    threads = DiskThreads("the state", 1)
    yield threads
    threads.close()


def _digests(encoders: _CountingEncoders, disk: DiskThreads) -> SoundFileDigests:
    return SoundFileDigests(encoders, disk)  # type: ignore[arg-type]


def test_unchanged_file_is_decoded_once(tmp_path: Path, disk: DiskThreads) -> None:
    """A file is decoded at the first post, and again when it is another."""
    path, encoders = tmp_path / "jingle.wav", _CountingEncoders()
    digests = _digests(encoders, disk)
    path.write_text("one")
    files = {"intro": str(path), "outro": ""}
    for _ in range(3):
        assert asyncio.run(digests.of(files)) == {"intro": "digest of one"}
    assert encoders.decoded == 1
    path.unlink()
    path.write_text("another")
    assert asyncio.run(digests.of(files)) == {"intro": "digest of another"}
    assert encoders.decoded == 2


def test_crashing_file_is_tried_once(tmp_path: Path, disk: DiskThreads) -> None:
    """A file that crashes encoders is named, and crashes no more of them until it is another."""
    path, encoders = tmp_path / "jingle.wav", _CountingEncoders(crashes=True)
    digests = _digests(encoders, disk)
    path.write_text("one")
    for _ in range(2):
        with pytest.raises(StorageError, match="crashes the encoder"):
            asyncio.run(digests.of({"outro": str(path)}))
        assert str(path) in digests.problem
    assert encoders.decoded == 1
