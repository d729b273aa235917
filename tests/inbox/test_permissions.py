"""What may not be opened: told with the chmod that mends it, and found once it is mended."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

READER = 65533
"""A user without rights: root may open everything."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")


@pytest.fixture
def open_root() -> Iterator[Path]:
    """An inbox that every user can reach, which pytest's own folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="narrated-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def reader(open_root: Path, program: Callable[..., Any]) -> Callable[..., Any]:
    """Start listening as a user without rights."""

    def start(*options: str) -> Any:
        listener = program(open_root, "--user", str(READER), "--scan", "0.2", *options)
        listener.expect("ScanFinished")
        return listener

    return start


def mend(root: Path, remedy: str) -> None:
    """Do what the remedy says, as its reader would."""
    command = remedy.removeprefix("In the inbox, run: ")
    assert shlex.split(command)[0] == "chmod"
    subprocess.run(["sh", "-c", command], cwd=root, check=True)


def test_remedy_opens_file(open_root: Path, reader: Callable[..., Any]) -> None:
    """An unreadable file is reported once, and found after its remedy."""
    (open_root / "my post.md").write_text("Words.")
    (open_root / "my post.md").chmod(0o600)
    listener = reader()
    told = listener.expect("FileUnreadable")
    assert told["path"] == "my post.md"
    assert "my post.md" in told["problem"]
    assert told["remedy"] == "In the inbox, run: chmod o+r 'my post.md'"
    for _ in range(3):
        listener.expect("ScanFinished")
    mend(open_root, told["remedy"])
    assert listener.expect("FileReady")["path"] == "my post.md"
    assert [event["event"] for event in listener.told].count("FileUnreadable") == 1


def test_remedy_names_group(open_root: Path, reader: Callable[..., Any]) -> None:
    """The remedy names the group if the file is shared with it."""
    (open_root / "post.md").write_text("Words.")
    os.chown(open_root / "post.md", -1, READER)
    (open_root / "post.md").chmod(0o600)
    listener = reader()
    told = listener.expect("FileUnreadable")
    assert told["remedy"] == "In the inbox, run: chmod g+r post.md"
    mend(open_root, told["remedy"])
    listener.expect("FileReady", "post.md")


def test_opened_folder_is_scanned(open_root: Path, reader: Callable[..., Any]) -> None:
    """The files of a closed folder are found once it is opened."""
    closed = open_root / "closed"
    closed.mkdir()
    (closed / "post.md").write_text("Words.")
    closed.chmod(0o700)
    listener = reader()
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
    walks = len(listener.told)
    (open_root / "closed" / "new.md").write_text("Words.")
    listener.expect("FileReady", "closed/new.md")
    assert [event["event"] for event in listener.told[walks:]] == ["FileReady"]


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


def test_rest_replaces_lease(open_root: Path, reader: Callable[..., Any]) -> None:
    """Without leases a longer rest replaces them."""
    listener = reader()  # a foreign owner's file gives no lease
    (open_root / ".post.tmp").write_text("Words.")
    (open_root / ".post.tmp").rename(open_root / "post.md")
    found = listener.expect("FileReady")
    assert found["told_s"] - found["ready_s"] >= 3 * 0.15


def test_missing_watch_reported_once(open_root: Path, reader: Callable[..., Any]) -> None:
    """Without a watch the inbox says so once, and scans."""
    listener = reader("--exhaust")
    (open_root / "post.md").write_text("Words.")
    listener.expect("FileReady", "post.md")
    lost = [event for event in listener.told if event["event"] == "WatchLost"]
    assert [event["reason"] for event in lost] == ["inotify instance limit reached"]


def test_partial_watch_reported_once(open_root: Path, reader: Callable[..., Any]) -> None:
    """If inotify cannot watch all folders, the inbox says so once, and scans."""
    for number in range(12):
        (open_root / f"{number}").mkdir()
    listener = reader("--watches", "10")
    (open_root / "11" / "post.md").write_text("Words.")
    listener.expect("FileReady", "11/post.md")
    lost = [event for event in listener.told if event["event"] == "WatchLost"]
    assert [event["reason"] for event in lost] == ["inotify watch limit reached"]
