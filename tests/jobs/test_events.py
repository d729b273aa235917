"""The dispatcher: events come after the commit, in order, and a failing listener costs nothing."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.jobs.events import EventDispatcher, JobReady, Published
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger


class PublishedPaths:
    """A new listener: one class, and one line that subscribes it."""

    def __init__(self, events: EventDispatcher) -> None:
        self.paths: list[str] = []
        events.subscribe(Published, self._published)

    def _published(self, event: Published) -> None:
        self.paths.append(event.job.path)


class OneJobDispatcher:
    """A ledger with one job, and a dispatcher."""

    def __init__(self, home: Path) -> None:
        self.ledger = Ledger(home / "ledger.sqlite")
        self.ledger.sources.record("post.md", FileSignature(1, 2, 3, 4), "aa")
        self.job: Job = self.ledger.jobs.add("post.md", "aa", 1, "post")
        self.events = EventDispatcher(self.ledger)

    def publish(self) -> None:
        self.events.publish(Published(self.job, "toy"))


@pytest.fixture
def dispatcher(tmp_path: Path) -> Iterator[OneJobDispatcher]:
    opened = OneJobDispatcher(tmp_path)
    yield opened
    opened.ledger.close()


def test_new_listener_is_told(dispatcher: OneJobDispatcher) -> None:
    """A listener to Published is one class and one line."""
    listener = PublishedPaths(dispatcher.events)
    dispatcher.publish()
    assert listener.paths == ["post.md"]


def test_event_after_commit(dispatcher: OneJobDispatcher) -> None:
    """An event of a transaction, even of a nested one, is delivered after the commit."""
    listener = PublishedPaths(dispatcher.events)
    with dispatcher.ledger.transaction():
        with dispatcher.ledger.transaction():
            dispatcher.publish()
        assert listener.paths == []
    assert listener.paths == ["post.md"]


def test_rollback_drops_event(dispatcher: OneJobDispatcher) -> None:
    """An event of a transaction that is rolled back is never delivered."""
    listener = PublishedPaths(dispatcher.events)
    with pytest.raises(OSError), dispatcher.ledger.transaction():
        dispatcher.publish()
        raise OSError
    dispatcher.publish()
    assert listener.paths == ["post.md"]


def test_events_keep_their_order(dispatcher: OneJobDispatcher) -> None:
    """An event that a listener publishes comes after the one it listens to, for every listener."""
    heard: list[str] = []

    def redo(event: Published) -> None:
        heard.append("published, first")
        with dispatcher.ledger.transaction():
            dispatcher.events.publish(JobReady(event.job))

    dispatcher.events.subscribe(Published, redo)
    dispatcher.events.subscribe(Published, lambda event: heard.append("published, second"))
    dispatcher.events.subscribe(JobReady, lambda event: heard.append("ready"))
    dispatcher.publish()
    assert heard == ["published, first", "published, second", "ready"]


def test_failing_listener(dispatcher: OneJobDispatcher, caplog: pytest.LogCaptureFixture) -> None:
    """A listener's failure is logged; other listeners, and later events, are not affected."""

    def fail(event: Published) -> None:
        with dispatcher.ledger.transaction():
            raise RuntimeError("a defect")

    dispatcher.events.subscribe(Published, fail)
    listener = PublishedPaths(dispatcher.events)
    with caplog.at_level(logging.ERROR, "narrated"), dispatcher.ledger.transaction():
        dispatcher.publish()
        dispatcher.publish()
    assert listener.paths == ["post.md", "post.md"]
    assert "a defect" in caplog.text
