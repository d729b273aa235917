"""An inbox that inotify refuses to watch for a while."""

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrated.inbox import inbox as inbox_module
from narrated.inbox.events import Event, FileReady, WatchLost, WatchRegained
from narrated.inbox.inbox import Inbox
from narrated.inbox.watcher import InotifyWatcher

PATIENCE_S = 60.0


def test_watch_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that a limit forbids is tried again, and what came meanwhile is found."""
    monkeypatch.setattr(inbox_module, "_REWATCH_S", 0.1)
    observe, refused = InotifyWatcher._observe, [3]

    def refuse(watcher: InotifyWatcher, path: str) -> None:
        if refused[0]:
            refused[0] -= 1
            raise OSError(errno.EMFILE, "inotify instance limit reached")
        observe(watcher, path)

    monkeypatch.setattr(InotifyWatcher, "_observe", refuse)
    inbox = Inbox(tmp_path, {}, settle_s=0.0, scan_s=3600.0)
    told: list[Event] = []

    def collect() -> None:
        for event in inbox.events():
            told.append(event)

    listening = threading.Thread(target=collect)
    listening.start()
    try:
        _wait(lambda: any(isinstance(event, WatchRegained) for event in told))
        (tmp_path / "post.md").write_text("Words.\n")
        _wait(lambda: any(isinstance(event, FileReady) for event in told))
    finally:
        inbox.stop()
        listening.join()
    lost = [event for event in told if isinstance(event, WatchLost)]
    assert len(lost) == 1
    assert "sysctl --system" in lost[0].reason


def _wait(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
