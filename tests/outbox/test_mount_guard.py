"""The outbox that narrations were put into is told from the empty mount point of its disk."""

import subprocess
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.outbox.mount_guard import MountGuard


def _device(folder: Path) -> int:
    return folder.stat().st_dev


def test_bare_mount_point_is_refused(outbox: Path, small_disk: Path) -> None:
    """An empty folder on another device is not the outbox."""
    guard = MountGuard(small_disk, _device(outbox))
    (small_disk / "lost+found").mkdir()
    (small_disk / "narrated.status.txt").touch()
    with pytest.raises(StorageError, match=r"empty and on another disk.*Mount its disk"):
        guard.check()
    (small_disk / "post.json").touch()
    assert guard.check() == _device(small_disk)  # such as one that was copied to a new disk


def test_emptied_outbox_is_accepted(outbox: Path) -> None:
    """An outbox on its device stays the outbox if the listener empties it."""
    assert MountGuard(outbox, _device(outbox)).check() == _device(outbox)


def test_files_show_the_outbox(outbox: Path, small_disk: Path) -> None:
    """A synchroniser's files show that a folder on a new device is the outbox."""
    (small_disk / ".stfolder").mkdir()
    assert MountGuard(small_disk, _device(outbox)).check() == _device(small_disk)


def test_first_outbox_is_accepted(small_disk: Path) -> None:
    """Before the first publication any folder is accepted."""
    assert MountGuard(small_disk, None).check() == _device(small_disk)


def test_look_reports_and_recovers(small_disk: Path) -> None:
    """A look reports a problem, and its end."""
    guard = MountGuard(small_disk, None)
    guard.look()
    assert guard.problem is None
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    guard.look()
    assert "Mount it writable again" in str(guard.problem)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    guard.look()
    assert guard.problem is None
    guard = MountGuard(small_disk / "none", None)
    guard.look()
    assert "mount the disk that holds it" in str(guard.problem)
