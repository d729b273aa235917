"""A newer version is entered, and older ones stopped: after that, and where they can be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.jobs.events import EventDispatcher, JobStopped
from narrated.jobs.job_creation import JobCreator
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from support.stems import stems_of


class OnePostInbox:
    """An inbox that holds one post, the creator of its jobs, and the jobs that it stopped."""

    def __init__(self, home: Path) -> None:
        (home / "post.md").touch()
        self.ledger = Ledger(home / "ledger.sqlite")
        self.ledger.sources.record("post.md", FileSignature(1, 2, 3, 4), "aa")
        self.stopped: list[Job] = []
        events = EventDispatcher(self.ledger)
        events.subscribe(JobStopped, lambda event: self.stopped.append(event.job))
        self.creator = JobCreator(self.ledger, events, stems_of(self.ledger, home))

    def new(self) -> Job:
        return self.creator.create("post.md", "aa", 1, JobCause.FOUND)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[OnePostInbox]:
    made = OnePostInbox(tmp_path)
    yield made
    made.ledger.close()


def test_commit_stops_older_version(inbox: OnePostInbox) -> None:
    """An older version is stopped once the ledger has the newer one."""
    older = inbox.new()
    with inbox.ledger.transaction():
        inbox.new()
        assert inbox.stopped == []
    assert inbox.stopped == [older]


def test_rollback_keeps_older_version(inbox: OnePostInbox) -> None:
    """The older version goes on if the ledger refuses the newer one."""
    older = inbox.new()
    with pytest.raises(OSError), inbox.ledger.transaction():
        inbox.new()
        raise OSError
    assert inbox.stopped == []
    assert inbox.ledger.jobs.all_open() == [older]


def test_publishing_job_is_not_stopped(inbox: OnePostInbox) -> None:
    """A job that is publishing is not stopped by a newer version."""
    older = inbox.new()
    for state in (JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING):
        inbox.ledger.jobs.move(older, state)
    inbox.new()
    assert inbox.stopped == []
    assert inbox.ledger.jobs.get(older.id).state is JobState.PUBLISHING


def test_check_waits_for_another_job(inbox: OnePostInbox) -> None:
    """A check that is asked for amid another job is due once that is done: it stops nothing."""
    published = inbox.ledger.jobs.add("post.md", "aa", 1, "post", state=JobState.PUBLISHING)
    inbox.ledger.jobs.finish(published, 1.0)
    other = inbox.new()
    assert inbox.creator.check("post.md")
    assert inbox.ledger.due_checks.is_asked(published.id)
    assert inbox.ledger.jobs.all_open() == [other]
