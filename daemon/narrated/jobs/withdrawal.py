"""Withdrawal: removes narrations from the outbox whose source is gone, moved, or not wanted."""

from pathlib import Path

from narrated.inbox import safe_read
from narrated.jobs import metadata
from narrated.jobs.events import EventDispatcher, Moved, SourceReturned, Withdrawn
from narrated.jobs.outbox_access import OutboxAccess
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import publish
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.printable import printable


class Withdrawal:
    """Removes the files that a manifest names, and no other file in the outbox."""

    def __init__(
        self, ledger: Ledger, outbox: OutboxAccess, events: EventDispatcher, inbox: Path
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._events = events
        self._inbox = inbox

    async def withdraw(self, job: Job) -> None:
        """Withdraw a narration whose source is gone for good."""
        await self._outbox.finish(self._withdraw(job))

    async def withhold(self, job: Job, reason: str) -> None:
        """Withdraw the narration of a source that stays, but is no longer to be narrated."""
        await self._outbox.finish(self._withhold(job, reason))

    async def remove_files(self, job: Job) -> None:
        """Remove a narration's files; the caller moves the job."""
        await self._outbox.run(lambda: self._remove(job))

    async def replace_moved(self, job: Job) -> None:
        """Withdraw the narrations of the same content whose source has moved here."""
        for older in self.moved_from(job):
            if older.stem != job.stem:
                await self.remove_files(older)
            self.supersede_moved(older, job)

    async def follow_move(self, job: Job) -> None:
        """If the source moved while it was published, withdraw in favour of its new path."""
        if target := self._moved_to(job):
            await self.remove_files(job)
            self.supersede_moved(job, target)

    def moved_from(self, job: Job) -> list[Job]:
        """Return published jobs of the same content whose source is no longer at its path.

        Returns none if the whole inbox may be absent, and no source that the daemon disposed of.
        """
        moved = [
            older
            for older in self._ledger.jobs.published_alike(job.source_sha256)
            if older.path != job.path and not safe_read.exists(self._inbox, older.path)
        ]
        # Check this last: the inbox may disappear in between.
        return moved if safe_read.exists(self._inbox, job.path) else []

    def supersede_moved(self, older: Job, job: Job) -> None:
        """End an older job in the ledger, because its source is now that of `job`."""
        with self._ledger.transaction():
            if self._ledger.jobs.get(older.id).state is not JobState.DONE:
                return  # a newer version has replaced it at its own path
            problem = f"moved to {printable(job.path)}"
            self._ledger.jobs.move(older, JobState.SUPERSEDED, problem=problem)
            self._events.publish(Moved(older, job))
            if self._ledger.sources.sha256(older.path) not in ("", older.source_sha256):
                return  # another file has taken its path
            self._forget(older.path)
        if safe_read.exists(self._inbox, older.path):  # a copy has come to the old path again
            self._events.publish(SourceReturned(older.path))

    def _moved_to(self, job: Job) -> Job | None:
        if safe_read.exists(self._inbox, job.path):
            return None
        alike = self._ledger.jobs.published_alike(job.source_sha256)
        return next((each for each in alike if safe_read.exists(self._inbox, each.path)), None)

    async def _withdraw(self, job: Job) -> None:
        async with self._outbox.lock(job.stem):
            if self._is_gone(job):  # otherwise it came back, or a newer version replaced it
                await self.remove_files(job)
                self._end_withdrawn(job)

    def _end_withdrawn(self, job: Job) -> None:
        """Move the job; a source that came back meanwhile must be found again by the scanner.

        The ledger forgets that version of it, so that the scan at the next start finds it too.
        """
        with self._ledger.transaction():
            is_back = not self._is_gone(job)
            self._retract(job, "its source is gone")
            if not is_back:
                self._forget(job.path)
                return
            signature = self._ledger.sources.signature(job.path)
            if signature is not None and self._ledger.jobs.current(job.path) is None:
                self._ledger.sources.forget_version(job.path, signature)
            self._events.publish(SourceReturned(job.path))

    async def _withhold(self, job: Job, reason: str) -> None:
        """Remove any version's narration: a superseded one may have just been published."""
        async with self._outbox.lock(job.stem):
            await self._outbox.run(lambda: self._remove_any_version(job))
            if published := self._ledger.jobs.published(job.path):
                self._retract(published, reason)
            for begun in self._ledger.jobs.unfinished(job.path):
                # One that began before a restart: any other would hold the lock.
                if begun.state is JobState.PUBLISHING:
                    self._ledger.jobs.move(begun, JobState.SUPERSEDED, problem="a newer version")

    def _retract(self, job: Job, reason: str) -> None:
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.REMOVED, problem=reason)
            self._events.publish(Withdrawn(job, reason))

    def _forget(self, path: str) -> None:
        """Forget a file that is gone, unless a version of it is still being narrated."""
        if self._ledger.jobs.current(path) is None:
            self._ledger.sources.forget(path)

    def _is_gone(self, job: Job) -> bool:
        """True if the narration is published and its source is gone."""
        is_published = self._ledger.jobs.get(job.id).state is JobState.DONE
        return is_published and not self._ledger.sources.sha256(job.path)

    def _remove(self, job: Job) -> None:
        manifest = manifests.standing(self._outbox.folder / (job.stem + MANIFEST_SUFFIX))
        if manifest is None:  # the user removed it, or the daemon did and was killed
            publish.tidy(self._outbox.folder, job.stem)
        elif manifest.source.sha256 == job.source_sha256:  # otherwise another source's narration
            publish.withdraw(self._outbox.folder, job.stem, metadata.suffixes(job, manifest))

    def _remove_any_version(self, job: Job) -> None:
        manifest = manifests.standing(self._outbox.folder / (job.stem + MANIFEST_SUFFIX))
        if manifest is None:  # an empty folder may be left
            publish.tidy(self._outbox.folder, job.stem)
        elif manifest.source.path == job.path:
            publish.withdraw(self._outbox.folder, job.stem, metadata.suffixes(job, manifest))
