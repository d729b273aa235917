"""One look at the inbox, as `narrated once` takes it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.events import (
    Event,
    FileReady,
    FileUnreadable,
    FileVanished,
    RootLost,
    ScanFinished,
)
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.inbox import Inbox
from narrated.inbox.watcher import Hint, HintQueue


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that the inbox waited for a hint."""
    timeouts_s: list[float] = []
    get = HintQueue.get

    def counted(hints: HintQueue, timeout_s: float, most: int = 64) -> list[Hint]:
        if timeout_s > 0:
            timeouts_s.append(timeout_s)
        return get(hints, timeout_s, most)

    monkeypatch.setattr(HintQueue, "get", counted)
    return timeouts_s


def found(events: list[Event]) -> list[str]:
    return [event.path for event in events if isinstance(event, FileReady)]


def test_rested_files_are_taken_now(
    root: Path, until: Callable[..., None], waits: list[float]
) -> None:
    """Files that have rested already are taken without a wait."""
    for name in ("b.md", "a.md"):
        (root / name).write_text("x")
    rests_from_ns = max(path.stat().st_ctime_ns for path in root.iterdir()) + int(0.6e9)
    until(lambda: time.time_ns() > rests_from_ns)
    events = list(Inbox(root, {}, settle_s=0.5).once())
    assert waits == []
    assert found(events) == ["a.md", "b.md"]
    assert [event.files for event in events if isinstance(event, ScanFinished)] == [2]


def test_fresh_file_settles_first(root: Path) -> None:
    """A file just written settles first."""
    (root / "post.md").write_text("x")
    began_s = time.monotonic()
    assert found(list(Inbox(root, {}, settle_s=0.4).once())) == ["post.md"]
    assert time.monotonic() - began_s >= 0.3


def test_unclosed_file_stays_pending(root: Path, writer: Any, until: Callable[..., None]) -> None:
    """A file that is never closed stays pending."""
    inbox = Inbox(root, {}, settle_s=0.1)
    unclosed = [("slow.md", "still open for writing")]

    def end() -> None:
        until(lambda: inbox.waiting() == unclosed)
        inbox.stop()

    ending = threading.Thread(target=end)
    with writer(root / "slow.md"):
        (root / "post.md").write_text("x")
        events: list[Event] = []
        for event in inbox.once(patience_s=60.0):
            events.append(event)
            if isinstance(event, FileReady):
                ending.start()
        assert found(events) == ["post.md"]
        assert inbox.waiting() == unclosed
    ending.join()


def test_file_closed_in_time_is_taken(root: Path, writer: Any, finish: Any) -> None:
    """A file that is closed within the patience is taken."""
    with writer(root / "slow.md") as process:
        inbox = Inbox(root, {}, settle_s=0.1)
        events: list[Event] = []
        for event in inbox.once():
            events.append(event)
            if isinstance(event, ScanFinished):
                finish(process)
    assert found(events) == ["slow.md"]


def test_only_young_empty_file_waits(
    root: Path, until: Callable[..., None], waits: list[float]
) -> None:
    """An empty file gets patience only while it is young."""
    (root / "empty.md").touch()
    inbox = Inbox(root, {}, settle_s=0.1)
    list(inbox.once(patience_s=0.4))
    assert inbox.waiting() == [("empty.md", "empty")]
    waits.clear()
    until(lambda: time.time() - (root / "empty.md").stat().st_ctime > 0.4)
    list(Inbox(root, {}, settle_s=0.1).once(patience_s=0.4))
    assert waits == []


def test_file_filled_in_time_is_taken(root: Path) -> None:
    """A file that gets its content within the patience is taken."""
    (root / "post.md").touch()
    events: list[Event] = []
    for event in Inbox(root, {}, settle_s=0.1).once():
        events.append(event)
        if isinstance(event, ScanFinished):
            (root / "post.md").write_text("x")
    assert found(events) == ["post.md"]


def test_once_reports_deletion(root: Path) -> None:
    """A missing file is looked for twice and then reported."""
    (root / "here.md").write_text("x")
    known = {
        "here.md": FileSignature.of((root / "here.md").lstat()),
        "gone.md": FileSignature(1, 2, 3, 4),
    }
    events = list(Inbox(root, known).once())
    assert [event.path for event in events if isinstance(event, FileVanished)] == ["gone.md"]


def test_a_missing_root_ends_it_at_once(root: Path) -> None:
    root.rmdir()
    assert list(Inbox(root, {}).once()) == [RootLost("The inbox is missing.")]


def test_nothing_to_read_is_soon_told(root: Path, waits: list[float]) -> None:
    events = list(Inbox(root, {}).once())
    assert waits == []
    assert [type(event) for event in events] == [ScanFinished]
    assert not any(isinstance(event, FileUnreadable) for event in events)
