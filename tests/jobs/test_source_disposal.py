"""Only what was narrated leaves the inbox: whatever came meanwhile stays, and is narrated first."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.events import FileReady, ScanFinished
from narrated.inbox.file_signature import FileSignature
from narrated.jobs.events import EventDispatcher, SourceRemoved
from narrated.jobs.ingest import Ingest
from narrated.jobs.source_disposal import DisposalPolicy, SourceDisposal
from narrated.ledger.job import Job, JobState
from support.inbox_with_ledger import InboxWithLedger


class DisposalInbox(InboxWithLedger):
    """An inbox whose sources are to be deleted."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        events = EventDispatcher(self.ledger)
        policy = DisposalPolicy("delete")
        self.disposal = SourceDisposal(self.ledger, events, self.inbox_files, policy)
        self.taken: list[str] = []
        events.subscribe(SourceRemoved, lambda event: self.taken.append(event.path))

    def write(self, path: str, content: str) -> str:
        """Have the inbox take a file; gives its sha256."""
        place = self.inbox / path
        place.write_text(content)
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        self.ledger.sources.record(path, FileSignature.of(place.stat()), sha256)
        return sha256

    def job(self, path: str, content: str) -> Job:
        """Have a file taken, and a job of it queued."""
        return self.ledger.jobs.add(path, self.write(path, content), len(content), path)

    def publishing(self, path: str, content: str) -> Job:
        """A job whose files are going into the outbox."""
        job = self.job(path, content)
        self.ledger.jobs.write_plan(job, b"", title="", narration="", keys=[])
        self.ledger.jobs.move(job, JobState.SPEAKING)
        return self.ledger.jobs.move(job, JobState.PUBLISHING)

    def finish(self, job: Job, pictures: dict[str, str]) -> None:
        """As it is done once its files stand."""
        with self.ledger.transaction():
            self.ledger.jobs.finish(job, 1.0)
            parting = self.disposal.release(job)
        if parting is not None:
            asyncio.run(self.disposal.remove(parting, pictures))

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.inbox.iterdir()}


@pytest.fixture
def disposal(tmp_path: Path) -> Iterator[DisposalInbox]:
    opened = DisposalInbox(tmp_path)
    yield opened
    opened.close()


def test_source_leaves_with_pictures(disposal: DisposalInbox) -> None:
    """A source leaves together with the pictures it shows."""
    shown = {"desk.png": disposal.write("desk.png", "a picture")}
    post = disposal.publishing("post.md", "Words.")
    disposal.ledger.pictures.record("post.md", shown)
    disposal.finish(post, shown)
    assert disposal.files == set()
    assert disposal.taken == ["post.md", "desk.png"]


def test_newer_version_stays(disposal: DisposalInbox) -> None:
    """A version that came while the one before was published stays."""
    first = disposal.publishing("post.md", "Words.")
    second = disposal.job("post.md", "Other words, which nobody has read yet.")
    disposal.finish(first, {})
    assert disposal.files == {"post.md"}
    assert disposal.ledger.jobs.get(second.id).state is JobState.QUEUED
    assert disposal.ledger.sources.sha256("post.md") == second.source_sha256


def test_requeued_source_stays(disposal: DisposalInbox) -> None:
    """A source that is queued again stays until it is narrated again."""
    first = disposal.publishing("post.md", "Words.")
    again = disposal.ledger.jobs.add("post.md", first.source_sha256, 6, "post.md")
    disposal.finish(first, {})
    assert disposal.files == {"post.md"}
    for state in (JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING):
        disposal.ledger.jobs.move(again, state)
    disposal.finish(disposal.ledger.jobs.get(again.id), {})
    assert disposal.files == set()


@pytest.mark.parametrize("before", ["another picture", ""], ids=["replaced", "missing before"])
def test_newer_picture_stays(disposal: DisposalInbox, before: str) -> None:
    """A picture that came while its post was published stays."""
    described = hashlib.sha256(before.encode()).hexdigest() if before else ""
    post = disposal.publishing("post.md", "Words.")
    disposal.ledger.pictures.record("post.md", {"desk.png": described})
    picture = disposal.job("desk.png", "a picture that nobody has described")
    disposal.finish(post, {"desk.png": described})
    assert disposal.files == {"desk.png"}
    assert disposal.ledger.jobs.get(picture.id).state is JobState.QUEUED


def test_source_leaves_despite_cancel(disposal: DisposalInbox) -> None:
    """A source leaves though another job for it was cancelled meanwhile."""
    first = disposal.publishing("post.md", "Words.")
    again = disposal.ledger.jobs.add("post.md", first.source_sha256, 6, "post.md")
    disposal.ledger.jobs.move(again, JobState.REMOVED, problem="cancelled")
    disposal.finish(first, {})
    assert disposal.files == set()


def test_source_removed_by_others(disposal: DisposalInbox) -> None:
    """A source that somebody else removed meanwhile is no longer known."""
    post = disposal.publishing("post.md", "Words.")
    (disposal.inbox / "post.md").unlink()
    disposal.finish(post, {})
    assert disposal.taken == ["post.md"]
    assert disposal.ledger.sources.known() == {}


def test_late_report_is_not_taken(disposal: DisposalInbox) -> None:
    """The inbox's report of a version that has left meanwhile makes no job, and no known file."""
    no: Any = None  # a report that is not taken reaches none of the other parts
    ingest = Ingest(disposal.ledger, no, no, no, disposal.disposal, no, no, no, no, no, no)
    post = disposal.publishing("post.md", "Words.")
    seen = FileSignature.of((disposal.inbox / "post.md").stat())
    disposal.finish(post, {})
    ingest.take(ScanFinished(0, 0.0))  # of a scan that ended before the post left
    ingest.take(FileReady("post.md", seen, post.source_sha256, 0.0))
    assert disposal.ledger.sources.known() == {}
    assert [job.id for job in disposal.ledger.jobs.history("post.md")] == [post.id]


def test_refused_removal_is_forgotten(disposal: DisposalInbox) -> None:
    """A version that could not leave is reported as any other; one that left, for two scans."""
    departed = disposal.disposal.departed
    stays = disposal.publishing("stays.md", "Words.")
    place = disposal.inbox / "stays.md"
    before = FileSignature.of(place.stat())
    place.write_text("Other words.")
    disposal.finish(stays, {})
    assert place.exists() and not departed.holds("stays.md", before)
    leaves = disposal.publishing("leaves.md", "Words.")
    seen = FileSignature.of((disposal.inbox / "leaves.md").stat())
    disposal.finish(leaves, {})
    departed.scan_ended()
    assert departed.holds("leaves.md", seen)
    departed.scan_ended()
    assert not departed.holds("leaves.md", seen)
