"""Moves of sources: a narration follows its file to another path in the inbox."""

from dataclasses import dataclass

from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.events import EventDispatcher, JobStopped, Moved, SourceReturned
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path

MOST_ALIKE = 64
"""The number of narrations of one content that are looked at: ten thousand files may be equal."""


@dataclass(eq=False)
class SourceMoves:
    """Finds narrations whose source has moved, and ends them in favour of its new path."""

    _ledger: Ledger
    _removal: NarrationRemoval
    _events: EventDispatcher
    _inbox: AsyncInboxReader

    async def moved_from(self, job: Job) -> list[Job]:
        """Return published jobs of the same content whose source is no longer at its path.

        Returns none if the whole inbox may be absent, and no source that the daemon disposed of.
        """
        alike = self._ledger.jobs.published_alike(job.source_sha256, MOST_ALIKE)
        others = [older for older in alike if older.path != job.path]
        existing = await self._inbox.existing([older.path for older in others])
        moved = [older for older in others if older.path not in existing]
        moved = [older for older in moved if self._is_same(older, job)]
        # Check this last: the inbox may disappear in between.
        return moved if moved and await self._inbox.exists(job.path) else []

    def _is_same(self, older: Job, job: Job) -> bool:
        """False for galleries without a common picture: the settings of many folders are alike."""
        if not is_gallery_path(job.path):
            return True
        before = self._ledger.pictures.of_post(older.path).values()
        now = {sha256 for sha256, _ in self._ledger.galleries.files_beside(job.path).values()}
        return not now.isdisjoint(before)

    async def withdraw_moved(self, job: Job) -> None:
        """Withdraw the narrations of the same content whose source has moved here."""
        for older in await self.moved_from(job):
            if older.stem != job.stem:
                await self._removal.remove_version(older)
            self.supersede(older, job)
            await self.report_returned(older)

    async def withhold_moved(self, job: Job, reason: str) -> None:
        """Withdraw the narrations of a source that has moved to a place of drafts."""
        for older in await self.moved_from(job):
            await self._removal.retract(older, reason)

    async def withdraw_renamed(self, job: Job) -> None:
        """Withdraw the earlier version of a source if it has another name in the outbox."""
        earlier = self._ledger.jobs.published(job.path)
        if earlier is not None and earlier.stem != job.stem:
            await self._removal.remove_version(earlier)

    async def follow(self, job: Job) -> None:
        """If the source moved while it was published, withdraw in favour of its new path."""
        if await self._inbox.exists(job.path):
            return
        for alike in self._ledger.jobs.published_alike(job.source_sha256, MOST_ALIKE):
            if await self._inbox.exists(alike.path):
                await self._removal.remove_version(job)
                self.supersede(job, alike)
                await self.report_returned(job)
                return

    def supersede(self, older: Job, job: Job) -> None:
        """End an older job in the ledger, because its source is now that of `job`."""
        with self._ledger.transaction():
            if self._ledger.jobs.get(older.id).state is not JobState.DONE:
                return  # a newer version has replaced it at its own path
            problem = f"moved to {printable(job.path)}"
            if job.cause is not JobCause.CHECK:
                self._ledger.due_checks.inherit(job.id, older.id)
            self._ledger.jobs.move(older, JobState.SUPERSEDED, problem=problem)
            self._stop_checks(older.path, problem)
            self._ledger.episodes.rename(older.path, job.path)
            self._ledger.covers.rename(older.path, job.path)
            self._ledger.page_entries.rename(older.path, job.path)
            self._ledger.page_pictures.rename(older.path, job.path)
            self._events.publish(Moved(older, job))
            if self._ledger.sources.sha256(older.path) not in ("", older.source_sha256):
                return  # another file has taken its path
            self._removal.forget(older.path)

    def _stop_checks(self, path: str, problem: str) -> None:
        """Stop the check of a narration that is at another path now, where it is due."""
        for check in self._ledger.jobs.stoppable(path):
            if check.cause is JobCause.CHECK:
                self._ledger.jobs.move(check, JobState.SUPERSEDED, problem=problem)
                self._events.publish(JobStopped(check))

    async def report_returned(self, older: Job) -> None:
        """Have the inbox look at the old path of a moved source if a copy has come there again."""
        is_known = self._ledger.sources.sha256(older.path)
        if not is_known and await self._inbox.exists(older.path):
            self._events.publish(SourceReturned(older.path))
