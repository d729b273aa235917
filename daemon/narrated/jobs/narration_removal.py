"""Removes narrations from the outbox whose source is gone or not wanted."""

from collections.abc import Callable
from dataclasses import dataclass

from narrated.jobs.events import EventDispatcher, SourceReturned, Withdrawn
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import published_files, untrusted_reads
from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest, ManifestSource
from narrated.outbox.open_folder import prune


@dataclass(eq=False)
class NarrationRemoval:
    """Removes the files that a manifest names, and no other file in the outbox."""

    _ledger: Ledger
    _outbox: ShieldedOutboxChanges
    _events: EventDispatcher

    async def withdraw(self, job: Job) -> None:
        """Withdraw a narration whose source is gone for good."""
        await self._outbox.finish(self._withdraw(job))

    async def withhold(self, job: Job, reason: str) -> None:
        """Withdraw the narration of a source that stays, but is no longer to be narrated."""
        await self._outbox.finish(self._withhold(job, reason))

    async def retract(self, job: Job, reason: str) -> None:
        """Withdraw this published version, whatever became of its source."""
        await self._outbox.finish(self._retract_version(job, reason))

    async def replace(self, job: Job, by: str) -> None:
        """Withdraw this published version in favour of another source's narration."""
        await self._outbox.finish(self._retract_version(job, by, JobState.SUPERSEDED))

    async def remove_version(self, job: Job) -> None:
        """Remove a narration's files; the caller moves the job."""
        await self._remove(job, lambda source: source.sha256 == job.source_sha256)

    def forget(self, path: str) -> None:
        """Forget a file that is gone, unless a version of it is still being narrated."""
        if self._ledger.jobs.current(path) is None:
            self._ledger.sources.forget(path)

    async def _withdraw(self, job: Job) -> None:
        async with self._outbox.lock(job.stem):
            if self._is_gone(job):  # otherwise it came back, or a newer version replaced it
                await self.remove_version(job)
                self._end_withdrawn(job)

    def _end_withdrawn(self, job: Job) -> None:
        """Move the job; a source that came back meanwhile must be found again by the scanner.

        The ledger forgets that version of it, so that the scan at the next start finds it too.
        """
        with self._ledger.transaction():
            is_back = not self._is_gone(job)
            self._retract(job, "its source is gone")
            if not is_back:
                self.forget(job.path)
                return
            signature = self._ledger.sources.signature(job.path)
            if signature is not None and self._ledger.jobs.current(job.path) is None:
                self._ledger.sources.forget_version(job.path, signature)
                self._events.publish(SourceReturned(job.path))

    async def _withhold(self, job: Job, reason: str) -> None:
        """Remove any version's narration: a superseded one may have just been published."""
        async with self._outbox.lock(job.stem):
            await self._remove(job, lambda source: source.path == job.path)
            if published := self._ledger.jobs.published(job.path):
                self._retract(published, reason)
            for begun in self._ledger.jobs.unfinished(job.path):
                # One that began before a restart: any other would hold the lock.
                if begun.state is JobState.PUBLISHING:
                    self._ledger.jobs.move(begun, JobState.SUPERSEDED, problem="a newer version")

    async def _retract_version(
        self, job: Job, reason: str, state: JobState = JobState.REMOVED
    ) -> None:
        async with self._outbox.lock(job.stem):
            if self._ledger.jobs.get(job.id).state is JobState.DONE:
                await self.remove_version(job)
                self._retract(job, reason, state)

    def _retract(self, job: Job, reason: str, state: JobState = JobState.REMOVED) -> None:
        with self._ledger.transaction():
            self._ledger.jobs.move(job, state, problem=reason)
            self._events.publish(Withdrawn(job, reason))

    def _is_gone(self, job: Job) -> bool:
        """True if the narration is published and its source is gone."""
        is_published = self._ledger.jobs.get(job.id).state is JobState.DONE
        return is_published and not self._ledger.sources.sha256(job.path)

    async def _remove(self, job: Job, is_ours: Callable[[ManifestSource], bool]) -> None:
        outbox = self._outbox.folder

        def remove() -> None:
            manifest = untrusted_reads.manifest(outbox, job.stem)
            if manifest is None:  # the user removed it, or the daemon did and was killed
                prune(outbox, job.stem)
            elif is_ours(manifest.source):  # otherwise another source's narration
                published_files.withdraw(outbox, job.stem, suffixes(job, manifest))

        await self._outbox.run(remove)


def suffixes(job: Job, existing: Manifest) -> list[str]:
    """The suffixes of all files of a published narration, its manifest's own the last."""
    name = job.stem.rpartition("/")[2]
    return [each.name.removeprefix(name) for each in existing.outputs] + [MANIFEST_SUFFIX]
