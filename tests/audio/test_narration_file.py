"""A narration being written: whatever refuses it, nothing of it is left."""

from pathlib import Path

import pytest

from narrated.audio.encoder_requests import DamagedTakes, TakeToAdd
from narrated.audio.flac_takes import to_flac
from narrated.audio.narration_file import NarrationFile

RATE = 22050


@pytest.fixture
def take(tmp_path: Path) -> TakeToAdd:
    """A second of sound with its words."""
    path = tmp_path / "take.flac"
    to_flac(path, b"\1\0" * RATE, RATE)
    return TakeToAdd(str(path), "Words.", 0.5)


def test_full_disk_narration_is_removed(tmp_path: Path, take: TakeToAdd) -> None:
    """A narration on a full disk is removed whole."""
    work = tmp_path / "1"
    work.mkdir()
    (work / "audio.vtt").symlink_to("/dev/full")
    narration = NarrationFile(work, "mp3", None)
    narration.add([take, take])
    narration.discard()  # as where the sound was refused, before the transcript could be
    assert not work.exists()


def test_every_damaged_take_is_named(tmp_path: Path, take: TakeToAdd) -> None:
    """All damaged takes of a request are named, and none of it is added."""
    (tmp_path / "torn.flac").write_bytes(Path(take.path).read_bytes()[:60])
    torn = TakeToAdd(str(tmp_path / "torn.flac"), "Torn.", 0.5)
    gone = TakeToAdd(str(tmp_path / "gone.flac"), "Gone.", 0.5)
    narration = NarrationFile(tmp_path / "work", "mp3", None)
    with pytest.raises(DamagedTakes) as damaged:
        narration.add([torn, take, gone])
    assert damaged.value.places == [0, 2]
    assert not (tmp_path / "work").exists()
