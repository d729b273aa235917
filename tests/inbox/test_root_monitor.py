"""The inbox's root lost and found again; nothing vanishes meanwhile."""

import os
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox import inbox, root_monitor
from narrated.inbox.events import FileReady, FileVanished, RootFound, RootLost, ScanFinished
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.handled_versions import HandledVersions
from narrated.inbox.root_monitor import RootMonitor, birth_time_ns


@pytest.fixture
def known(root: Path) -> dict[str, FileSignature]:
    """Two posts that were read before."""
    names = ("one.md", "two.md")
    for name in names:
        (root / name).write_text("Words.")
    return {name: FileSignature.of((root / name).lstat()) for name in names}


def test_missing_root_is_awaited(root: Path, listen: Any) -> None:
    """A root that is missing at the start is waited for."""
    root.rmdir()
    listener = listen(first_scan=False, scan_s=0.2)
    assert listener.expect(RootLost).reason == "The inbox is missing."
    assert listener.inbox._root.problem == "The inbox is missing."
    root.mkdir()
    (root / "post.md").write_text("Words.")
    listener.expect(RootFound)
    assert listener.inbox._root.problem == ""
    assert listener.expect(FileReady).path == "post.md"


def test_returned_root_is_known(
    root: Path, known: dict[str, FileSignature], listen: Any, tmp_path: Path
) -> None:
    """A root that is moved away and back is known again."""
    listener = listen(known, scan_s=0.2)
    root.rename(tmp_path / "away")
    listener.expect(RootLost)
    (tmp_path / "away" / "two.md").unlink()
    (tmp_path / "away").rename(root)
    listener.expect(RootFound)
    assert listener.expect(FileVanished).path == "two.md"
    assert listener.kinds(FileReady) == []


def test_replaced_root_loses_nothing(
    root: Path, known: dict[str, FileSignature], listen: Any, tmp_path: Path
) -> None:
    """No file vanishes in a root that was replaced."""
    listener = listen(known, scan_s=0.2)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "three.md").write_text("Words.")
    root.rename(tmp_path / "away")
    (tmp_path / "other").rename(root)
    listener.expect(RootLost)
    listener.expect(RootFound)
    assert listener.expect(FileReady).path == "three.md"
    (root / "four.md").write_text("Words.")
    assert listener.expect(FileReady).path == "four.md"  # the new root is watched
    (root / "three.md").unlink()
    assert listener.expect(FileVanished).path == "three.md"
    assert listener.kinds(FileVanished) == ["three.md"]


def test_recreated_root_is_watched(
    root: Path, known: dict[str, FileSignature], listen: Any
) -> None:
    """A root that is removed and recreated is watched again."""
    listener = listen(known, scan_s=0.2)
    shutil.rmtree(root)
    root.mkdir()  # perhaps under the same inode number
    (root / "new.md").write_text("Words.")
    listener.expect(RootFound)
    assert listener.expect(FileReady).path == "new.md"
    (root / "later.md").write_text("Words.")
    assert listener.expect(FileReady).path == "later.md"
    assert listener.kinds(FileVanished) == []


def test_empty_root_loses_nothing(root: Path, known: dict[str, FileSignature], listen: Any) -> None:
    """No file vanishes while the root is suddenly empty."""
    listener = listen(known)
    for path in list(root.iterdir()):
        path.unlink()
    assert "suddenly empty" in listener.expect(RootLost).reason
    assert listener.kinds(FileVanished) == []
    (root / "one.md").write_text("Words.")
    listener.expect(RootFound)
    assert listener.expect(FileVanished).path == "two.md"


def test_empty_start_forgets_nothing(
    root: Path, known: dict[str, FileSignature], listen: Any
) -> None:
    """An empty root at the start is no reason to forget files."""
    for path in list(root.iterdir()):
        path.unlink()
    listener = listen(known, first_scan=False, scan_s=0.2)
    assert "suddenly empty" in listener.expect(RootLost).reason
    (root / "three.md").write_text("Words.")
    listener.expect(RootFound)
    listener.expect(FileVanished)
    listener.expect(FileVanished)
    assert sorted(listener.kinds(FileVanished)) == ["one.md", "two.md"]


def test_new_empty_root_is_well(root: Path, listen: Any) -> None:
    """An empty root is well if nothing was read before."""
    listener = listen(first_scan=False, scan_s=0.2)
    assert listener.expect(ScanFinished).files == 0
    assert listener.inbox._root.problem == ""
    assert listener.kinds(RootLost) == []


def test_root_may_not_be_a_file(root: Path, listen: Any) -> None:
    """A root that is a file is reported as no folder."""
    root.rmdir()
    root.write_text("x")
    assert (
        listen(first_scan=False, scan_s=0.2).expect(RootLost).reason == "The inbox is not a folder."
    )


def test_look_outlives_lost_root(
    root: Path, known: dict[str, FileSignature], listen: Any, tmp_path: Path
) -> None:
    """A path that is requested while the root is lost is found with it."""
    listener = listen(known, scan_s=0.2)
    root.rename(tmp_path / "away")
    listener.expect(RootLost)
    listener.inbox.look("one.md")
    (tmp_path / "away").rename(root)
    assert listener.expect(FileReady).path == "one.md"
    assert listener.scanned() == []


def test_stop_works_without_root(root: Path, listen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop takes effect while the root is lost."""
    monkeypatch.setattr(inbox, "_ROOTLESS_S", 600.0)  # the stop itself has to wake it
    root.rmdir()
    listener = listen(first_scan=False)
    listener.expect(RootLost)
    listener.stop()


def test_recreated_folder_is_younger(tmp_path: Path) -> None:
    """A recreated folder has another birth time."""
    folder = tmp_path / "folder"
    folder.mkdir()
    first = birth_time_ns(str(folder))
    folder.rmdir()
    folder.mkdir()
    assert birth_time_ns(str(folder)) > first > 0
    assert birth_time_ns(str(tmp_path / "nowhere")) == 0


def test_root_lost_while_looked_at(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root that is moved away between two looks at it is missing, not another one."""
    monitor = RootMonitor(root, HandledVersions({}))
    assert not list(monitor.check())

    def moved_away(path: str) -> int:
        if root.exists():
            root.rename(root.with_name("aside"))
        return birth_time_ns(path)

    monkeypatch.setattr(root_monitor, "birth_time_ns", moved_away)
    assert list(monitor.check()) == [RootLost("The inbox is missing.")]


def test_descriptor_limit_is_named(root: Path) -> None:
    """A daemon that may open no more files says so: nobody looks for a lost disk."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(root, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
    try:
        (lost,) = RootMonitor(root, HandledVersions({})).check()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert isinstance(lost, RootLost)
    assert "LimitNOFILE" in lost.reason
