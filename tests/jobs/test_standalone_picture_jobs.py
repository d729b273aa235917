"""Pictures of posts: what a kill kept from being delivered is derived at the next start."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox.mount_guard import MountGuard
from support.inbox_with_ledger import InboxWithLedger
from support.stems import stems_of


class Album(InboxWithLedger):
    """A post and a picture that the inbox has taken, at the start of a daemon."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        (home / "outbox").mkdir()
        outbox = ShieldedOutboxChanges(self.ledger, MountGuard(home / "outbox", None), self.disk)
        jobs = JobCreator(self.ledger, EventDispatcher(self.ledger), stems_of(self.ledger, home))
        self.pictures = StandalonePictureJobs(self.ledger, jobs, ErrorNotes(self.ledger, outbox))
        for number, path in enumerate(("post.md", "desk.png")):
            self.ledger.sources.record(path, FileSignature(number, 0, 0, 0), path)
        self.post = self.ledger.jobs.add("post.md", "post.md", 1, "post")

    def of_picture(self, state: JobState) -> Job:
        job = self.ledger.jobs.add("desk.png", "desk.png", 1, "desk")
        return self.ledger.jobs.move(job, state)

    def recover(self) -> None:
        async def read(query: Callable[[Ledger], list[str]]) -> list[str]:
            return query(self.ledger)

        asyncio.run(self.pictures.recover(read))

    def after_start(self) -> list[JobState]:
        self.recover()
        return [job.state for job in self.ledger.jobs.history("desk.png")]


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    opened = Album(tmp_path)
    yield opened
    opened.close()


def test_recover_a_release(album: Album) -> None:
    """A picture that no post shows, and that has no job, gets one at the start."""
    assert album.after_start() == [JobState.QUEUED]


def test_recover_only_once(album: Album) -> None:
    """A second recovery creates no second job."""
    album.recover()
    assert album.after_start() == [JobState.QUEUED]


def test_recover_a_shown_picture(album: Album) -> None:
    """A failed picture that a post shows is superseded at the start."""
    album.of_picture(JobState.FAILED)
    album.ledger.pictures.record("post.md", {"desk.png": "desk.png"})
    assert album.after_start() == [JobState.SUPERSEDED]


def test_recover_a_failed_post(album: Album) -> None:
    """The pictures of a post that failed before it was planned get jobs at the start."""
    album.ledger.pictures.record("post.md", {"desk.png": "desk.png"})
    album.ledger.jobs.move(album.post, JobState.FAILED)
    assert album.after_start() == [JobState.QUEUED]


def test_cancelled_stays_cancelled(album: Album) -> None:
    """A picture whose job the user cancelled gets no job at the start."""
    album.of_picture(JobState.REMOVED)
    assert album.after_start() == [JobState.REMOVED]


def test_shown_needs_no_job(album: Album) -> None:
    """A picture that a post shows gets no job at the start."""
    album.ledger.pictures.record("post.md", {"desk.png": "desk.png"})
    assert album.after_start() == []
