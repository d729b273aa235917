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


def test_an_older_version_is_stopped_once_the_ledger_has_the_newer_one(entered: Entered) -> None:
    older = entered.new()
    with entered.ledger.transaction():
        entered.new()
        assert entered.stopped == []
    assert entered.stopped == [older]


def test_where_the_ledger_refuses_the_newer_version_the_older_one_goes_on(entered: Entered) -> None:
    older = entered.new()
    with pytest.raises(OSError), entered.ledger.transaction():
        entered.new()
        raise OSError
    assert entered.stopped == []
    assert entered.ledger.jobs.all_open() == [older]


def test_what_is_going_into_the_outbox_is_not_stopped_on_its_way(entered: Entered) -> None:
    older = entered.new()
    for state in (JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING):
        entered.ledger.jobs.move(older, state)
    entered.new()
    assert entered.stopped == []
    assert entered.ledger.jobs.get(older.id).state is JobState.PUBLISHING
