"""The outbox that narrations were put into is told from the empty mount point of its disk."""

import subprocess
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.outbox.mount_guard import MountGuard


def _device(folder: Path) -> int:
    return folder.stat().st_dev


def test_an_empty_folder_on_another_device_is_not_the_outbox(
    outbox: Path, small_disk: Path
) -> None:
    ground = MountGuard(small_disk, _device(outbox))
    (small_disk / "lost+found").mkdir()
    (small_disk / "narrated.status.txt").touch()
    with pytest.raises(StorageError, match=r"empty and on another disk.*Mount its disk"):
        ground.check()
    (small_disk / "post.json").touch()
    assert ground.check() == _device(small_disk)  # such as one that was copied to a new disk


def test_an_outbox_that_its_listener_emptied_is_the_outbox(outbox: Path) -> None:
    assert MountGuard(outbox, _device(outbox)).check() == _device(outbox)


def test_what_a_synchroniser_keeps_there_shows_that_it_is_the_outbox(
    outbox: Path, small_disk: Path
) -> None:
    (small_disk / ".stfolder").mkdir()
    assert MountGuard(small_disk, _device(outbox)).check() == _device(small_disk)


def test_before_anything_was_published_any_folder_will_do(small_disk: Path) -> None:
    assert MountGuard(small_disk, None).check() == _device(small_disk)


def test_a_look_says_what_is_wrong_and_when_it_is_well_again(small_disk: Path) -> None:
    ground = MountGuard(small_disk, None)
    ground.look()
    assert ground.problem is None
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ground.look()
    assert "Mount it writable again" in str(ground.problem)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    ground.look()
    assert ground.problem is None
    ground = MountGuard(small_disk / "none", None)
    ground.look()
    assert "mount the disk that holds it" in str(ground.problem)
