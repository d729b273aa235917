"""Files that may not be opened: told with the chmod that mends it, and found once mended."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

READER = 65533
"""A user without rights: root may open everything."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")


@contextmanager
def _open_folder() -> Iterator[Path]:
    """An inbox that every user can reach, which pytest's own folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="narrated-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def open_root() -> Iterator[Path]:
    """An inbox of one test."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture
def reader(open_root: Path, program: Callable[..., Any]) -> Callable[..., Any]:
    """Start listening as a user without rights."""

    def start(*options: str) -> Any:
        listener = program(open_root, "--user", str(READER), "--scan", "0.2", *options)
        listener.expect("ScanFinished")
        return listener

    return start


@pytest.fixture(scope="module")
def shared(started: Callable[..., Any]) -> Iterator[tuple[Path, Any]]:
    """An inbox and its listener, which several tests share: each has its own names."""
    with (
        _open_folder() as folder,
        started(folder, "--user", str(READER), "--scan", "0.2") as listener,
    ):
        listener.expect("ScanFinished")
        yield folder, listener


def drop(path: Path, mode: int, group: int = -1) -> None:
    """Put a file with these rights into the inbox in one step."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_text("Words.")
    os.chown(draft, -1, group)
    draft.chmod(mode)
    draft.rename(path)


def mend(root: Path, remedy: str) -> None:
    """Do what the remedy says, as its reader would."""
    command = remedy.removeprefix("In the inbox, run: ")
    assert shlex.split(command)[0] == "chmod"
    subprocess.run(["sh", "-c", command], cwd=root, check=True)


def test_remedy_opens_file(shared: tuple[Path, Any]) -> None:
    """An unreadable file is reported once, and found after its remedy."""
    folder, listener = shared
    drop(folder / "my post.md", 0o600)
    told = listener.expect("FileUnreadable", "my post.md")
    assert "my post.md" in told["problem"]
    assert told["remedy"] == "In the inbox, run: chmod o+r 'my post.md'"
    for _ in range(3):
        listener.expect("ScanFinished")
    mend(folder, told["remedy"])
    listener.expect("FileReady", "my post.md")
    about = [event["event"] for event in listener.told if event.get("path") == "my post.md"]
    assert about == ["FileUnreadable", "FileReady"]


def test_remedy_names_group(shared: tuple[Path, Any]) -> None:
    """The remedy names the group if the file is shared with it."""
    folder, listener = shared
    drop(folder / "group.md", 0o600, group=READER)
    told = listener.expect("FileUnreadable", "group.md")
    assert told["remedy"] == "In the inbox, run: chmod g+r group.md"
    mend(folder, told["remedy"])
    listener.expect("FileReady", "group.md")


def test_unreadable_file_is_missed(shared: tuple[Path, Any]) -> None:
    """An unreadable file that goes is missed like any other, also with its folder."""
    folder, listener = shared
    (folder / "blog").mkdir()
    for name in ("gone.md", "linked.md", "empty.md", "blog/below.md"):
        drop(folder / name, 0o600)
        listener.expect("FileUnreadable", name)
    (folder / "gone.md").unlink()
    (folder / "blog/below.md").unlink()
    (folder / "blog").rmdir()
    (folder / "linked.md").unlink()
    (folder / "linked.md").symlink_to("elsewhere.md")
    (folder / "empty.md").chmod(0o644)
    (folder / "empty.md").write_text("")
    gone = [listener.expect("FileVanished")["path"] for _ in range(3)]
    (folder / "empty.md").unlink()
    gone.append(listener.expect("FileVanished")["path"])
    assert gone[3] == "empty.md"
    assert set(gone) == {"gone.md", "linked.md", "blog/below.md", "empty.md"}


def test_opened_folder_is_scanned(shared: tuple[Path, Any]) -> None:
    """The files of a closed folder are found once it is opened."""
    folder, listener = shared
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "post.md").write_text("Words.")
    for _ in range(2):
        listener.expect("ScanFinished")
    closed.chmod(0o755)
    listener.expect("FileReady", "closed/post.md")


def test_opened_folder_is_watched(open_root: Path, program: Callable[..., Any]) -> None:
    """A folder that is opened is watched from then on."""
    (open_root / "closed").mkdir(mode=0o700)
    listener = program(open_root, "--user", str(READER), "--scan", "2")
    listener.expect("ScanFinished")
    (open_root / "closed" / "post.md").write_text("Words.")
    (open_root / "closed").chmod(0o755)
    listener.expect("FileReady", "closed/post.md")
    listener.expect("ScanFinished")
    before = len(listener.told)
    (open_root / "closed" / "new.md").write_text("Words.")
    listener.expect("FileReady", "closed/new.md")
    assert [event["event"] for event in listener.told[before:]] == ["FileReady"]


def test_closed_folder_keeps_files(open_root: Path, reader: Callable[..., Any]) -> None:
    """The files of a folder that closes have not vanished."""
    (open_root / "sub").mkdir()
    for name in ("sub/post.md", "gone.md", "keep.md"):
        (open_root / name).write_text("Words.")
    listener = reader()
    for _ in range(3):
        listener.expect("FileReady")
    (open_root / "sub").chmod(0o700)
    (open_root / "gone.md").unlink()
    listener.expect("FileVanished", "gone.md")
    for _ in range(8):
        listener.expect("ScanFinished")
    (open_root / "sub").chmod(0o755)
    (open_root / "sub" / "new.md").write_text("Words.")
    listener.expect("FileReady", "sub/new.md")
    assert [event["event"] for event in listener.told].count("FileVanished") == 1


def test_closed_root_is_lost_and_found(open_root: Path, reader: Callable[..., Any]) -> None:
    """A root that may not be listed is lost, and found again."""
    (open_root / "post.md").write_text("Words.")
    listener = reader()
    listener.expect("FileReady")
    open_root.chmod(0o700)
    assert "Permission denied" in listener.expect("RootLost")["reason"]
    open_root.chmod(0o755)
    listener.expect("RootFound")
    listener.expect("ScanFinished")
    assert "FileVanished" not in [event["event"] for event in listener.told]


def test_rest_replaces_lease(shared: tuple[Path, Any]) -> None:
    """Without leases a longer rest replaces them."""
    folder, listener = shared
    drop(folder / "rests.md", 0o644)  # a foreign owner's file gives no lease
    found = listener.expect("FileReady", "rests.md")
    assert found["told_s"] - found["ready_s"] >= 3 * 0.15


def test_missing_watch_reported_once(open_root: Path, reader: Callable[..., Any]) -> None:
    """Without a watch the inbox says so once, and scans."""
    listener = reader("--exhaust")
    (open_root / "post.md").write_text("Words.")
    listener.expect("FileReady", "post.md")
    lost = [event for event in listener.told if event["event"] == "WatchLost"]
    (reason,) = (event["reason"] for event in lost)
    assert reason.startswith("inotify instance limit reached. Raise it: echo fs.inotify.max_user_")


def test_partial_watch_reported_once(open_root: Path, reader: Callable[..., Any]) -> None:
    """The inbox says once that inotify cannot watch all folders, and scans."""
    for number in range(12):
        (open_root / f"{number}").mkdir()
    listener = reader("--watches", "10")
    (open_root / "11" / "post.md").write_text("Words.")
    listener.expect("FileReady", "11/post.md")
    lost = [event for event in listener.told if event["event"] == "WatchLost"]
    (reason,) = (event["reason"] for event in lost)
    assert reason.startswith("inotify watch limit reached. Raise it: echo fs.inotify.max_user_")
