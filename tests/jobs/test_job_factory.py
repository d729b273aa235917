"""A newer version is entered, and older ones stopped: after that, and where they can be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.inbox.readiness import FileSignature
from narrated.jobs.events import EventDispatcher, JobStopped
from narrated.jobs.job_factory import JobFactory
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger


class Entered:
    """A register of an inbox that holds one post, and the jobs that it stopped."""

    def __init__(self, home: Path) -> None:
        (home / "post.md").touch()
        self.ledger = Ledger(home / "ledger.sqlite")
        self.ledger.sources.record("post.md", FileSignature(1, 2, 3, 4), "aa")
        self.stopped: list[Job] = []
        events = EventDispatcher(self.ledger)
        events.subscribe(JobStopped, lambda event: self.stopped.append(event.job))
        self.register = JobFactory(self.ledger, events, home)

    def new(self) -> Job:
        return self.register.create("post.md", "aa", 1, JobCause.FOUND)


@pytest.fixture
def entered(tmp_path: Path) -> Iterator[Entered]:
    made = Entered(tmp_path)
    yield made
    made.ledger.close()


def test_commit_stops_older_version(entered: Entered) -> None:
    """An older version is stopped once the ledger has the newer one."""
    older = entered.new()
    with entered.ledger.transaction():
        entered.new()
        assert entered.stopped == []
    assert entered.stopped == [older]


def test_rollback_keeps_older_version(entered: Entered) -> None:
    """If the ledger refuses the newer version, the older one goes on."""
    older = entered.new()
    with pytest.raises(OSError), entered.ledger.transaction():
        entered.new()
        raise OSError
    assert entered.stopped == []
    assert entered.ledger.jobs.all_open() == [older]


def test_publishing_job_is_not_stopped(entered: Entered) -> None:
    """A job that is publishing is not stopped by a newer version."""
    older = entered.new()
    for state in (JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING):
        entered.ledger.jobs.move(older, state)
    entered.new()
    assert entered.stopped == []
    assert entered.ledger.jobs.get(older.id).state is JobState.PUBLISHING
