"""Work over all sources goes in slices, and a kill between two of them loses nothing."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.jobs import bulk_requeue_runner
from narrated.jobs.bulk_requeue_runner import MOST_CREATED, MOST_LOOKED_AT, BulkRequeueRunner
from narrated.jobs.events import EventDispatcher
from narrated.jobs.job_creation import JobCreator
from narrated.ledger.bulk_requeue_progress import RequeueKind
from narrated.ledger.job import JobState
from support.inbox_with_ledger import InboxWithLedger
from support.stems import stems_of

FILES = 3 * MOST_LOOKED_AT


class NarratedInbox(InboxWithLedger):
    """Hundreds of narrated posts, and the requeues over them."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        with self.ledger.transaction():
            for number in range(FILES):
                self.add(f"blog/{number:04}.md")
        self.creator = JobCreator(
            self.ledger, EventDispatcher(self.ledger), stems_of(self.ledger, home)
        )
        self.requeues = BulkRequeueRunner(self.ledger, self.creator, self.inbox_files)

    def add(self, path: str) -> None:
        stem = path.removesuffix(".md")
        self.ledger.sources.record(path, FileSignature(1, 2, 3, 4), path)
        self.ledger.stems.assign(path, stem, stem)
        job = self.ledger.jobs.add(path, path, 1, stem, state=JobState.PUBLISHING)
        self.ledger.jobs.finish(job, 1.0)

    def make_files(self) -> None:
        (self.inbox / "blog").mkdir()
        for number in range(FILES):
            (self.inbox / f"blog/{number:04}.md").touch()

    def count(self) -> int:
        return self.ledger.jobs.counts().get(JobState.QUEUED, 0)

    def queued(self) -> Counter[str]:
        return Counter(job.path for job in self.ledger.jobs.in_state(JobState.QUEUED))


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[NarratedInbox]:
    opened = NarratedInbox(tmp_path)
    yield opened
    opened.close()


async def _work_until(inbox: NarratedInbox, most: int) -> None:
    """Work until so many jobs are queued, and be cancelled there, as by a kill."""
    working = asyncio.create_task(inbox.requeues.work())
    while inbox.count() < most and not inbox.requeues.is_idle:
        await asyncio.sleep(0)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def test_refresh_goes_in_slices(inbox: NarratedInbox) -> None:
    """Each transaction of a refresh creates a few jobs, and other tasks run in between."""

    async def refresh() -> list[int]:
        counts = [0]
        requeuing = asyncio.create_task(inbox.requeues.requeue(RequeueKind.REFRESH))
        while not requeuing.done():
            await asyncio.sleep(0)
            counts.append(inbox.count())
        assert len(requeuing.result()) == FILES
        return counts

    counts = asyncio.run(refresh())
    steps = [after - before for before, after in pairwise(counts)]
    assert max(steps) == MOST_CREATED
    assert set(inbox.queued().values()) == {1}


@pytest.mark.parametrize("path", [".narrated.yaml", "blog/lexicon.yaml"])
def test_cut_requeue_goes_on(inbox: NarratedInbox, path: str) -> None:
    """A settings file's requeue that was cut goes on at the next start, and repeats no source."""
    inbox.make_files()
    inbox.requeues.begin_settings(path, "aa")
    asyncio.run(_work_until(inbox, FILES // 2))
    cut = inbox.queued()
    assert 0 < len(cut) < FILES
    inbox.requeues = BulkRequeueRunner(inbox.ledger, inbox.creator, inbox.inbox_files)
    asyncio.run(_work_until(inbox, FILES + 1))
    assert inbox.queued() == Counter({f"blog/{number:04}.md": 1 for number in range(FILES)})
    assert inbox.requeues.is_idle


def test_folder_limits_a_requeue(inbox: NarratedInbox) -> None:
    """A refresh of a folder leaves its neighbours alone, also one whose name begins like it."""
    for path in ("blog-old/post.md", "blog.md", "blog0/post.md"):
        inbox.add(path)
    requeued = asyncio.run(inbox.requeues.requeue(RequeueKind.REFRESH, "blog"))
    assert len(requeued) == FILES
    assert all(path.startswith("blog/") for path in requeued)


def test_absent_posts_are_not_missed(inbox: NarratedInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts that are absent for a moment, as with the whole inbox, are planned again all the same.

    Those reported gone meanwhile, as with their folder, are not.
    """
    monkeypatch.setattr(bulk_requeue_runner, "ABSENT_S", 0.01)
    inbox.ledger.requeues.add(RequeueKind.PLACE, "blog/lexicon.yaml", "aa")
    gone = {"blog/0001.md", f"blog/{FILES - 1:04}.md"}

    async def requeue() -> None:
        working = asyncio.create_task(inbox.requeues.work())
        await asyncio.sleep(0)
        assert inbox.count() == 0
        for path in gone:
            inbox.ledger.sources.mark_gone(path)
        while not inbox.requeues.is_idle:
            await asyncio.sleep(0.01)
        working.cancel()

    asyncio.run(requeue())
    assert set(inbox.queued()) == {f"blog/{number:04}.md" for number in range(FILES)} - gone
