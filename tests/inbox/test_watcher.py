"""Wake-ups that were lost, and what becomes of the watch itself."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from narrated.inbox.events import FileReady
from narrated.inbox.watcher import HintCause, HintQueue, remote_file_system

QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


def test_folder_in_overflow_is_watched(root: Path, program: Callable[..., Any]) -> None:
    """A folder that is made during an overflow is watched."""
    listener = program(root)
    listener.expect("ScanFinished")
    os.kill(listener.process.pid, signal.SIGSTOP)
    for number in range(QUEUE // 2 + 100):
        (root / f".{number}").touch()
        (root / f".{number}").unlink()
    (root / "late").mkdir()
    os.kill(listener.process.pid, signal.SIGCONT)
    listener.expect("ScanFinished")
    (root / "late" / "post.md").write_text("x")
    listener.expect("FileReady", "late/post.md")


def test_full_queue_becomes_overflow() -> None:
    """A flood of hints is replaced by one overflow hint."""
    hints = HintQueue()
    for number in range(30_000):
        hints.put_droppable(HintCause.PATH, f"{number}")
    hints.put(HintCause.LOOK, "post.md")
    last = hints.get(0, most=40_000)[20_000:]
    assert [hint.cause for hint in last] == [HintCause.OVERFLOW, HintCause.LOOK]


def test_flood_of_files_is_found(root: Path, listen: Any) -> None:
    """All files of a flood are found."""
    listener = listen(settle_s=0.05)
    for number in range(100):
        (root / f"{number}.md").write_text("x")
    for _ in range(100):
        listener.expect(FileReady)
    assert len(set(listener.kinds(FileReady))) == 100


def test_local_folder_can_be_watched(root: Path) -> None:
    """A local folder can be watched."""
    assert remote_file_system(str(root)) == ""
