"""Carry-over: keeps a published narration if its source moved, or changed but not its words."""

from collections.abc import Callable

from narrated.jobs import metadata
from narrated.jobs.events import CarriedOver
from narrated.jobs.outbox_access import OutboxAccess
from narrated.jobs.plan import Plan
from narrated.jobs.publisher import Publisher
from narrated.jobs.withdrawal import Withdrawal
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import publish
from narrated.outbox.manifest import MANIFEST_SUFFIX


class CarryOver:
    """Renames a narration's files, and writes their manifest again, instead of speaking."""

    def __init__(
        self,
        ledger: Ledger,
        outbox: OutboxAccess,
        withdrawal: Withdrawal,
        publisher: Publisher,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._withdrawal = withdrawal
        self._publisher = publisher

    async def carry(self, job: Job, plan: Plan) -> bool:
        """Use a published narration with the same words; True if that ends the job."""
        for older in self._candidates(job):
            if older.narration == plan.narration:
                carried = await self._outbox.finish(self._carry(job, older, plan))
                if carried:
                    return True
        return False

    def _candidates(self, job: Job) -> list[Job]:
        """The narration published for this path, then those of moved sources of this content."""
        published = self._ledger.jobs.published(job.path)
        return ([published] if published else []) + self._withdrawal.moved_from(job)

    async def _carry(self, job: Job, older: Job, plan: Plan) -> bool:
        # Sort the locks: two sources that swap their paths carry over from each other.
        first, second = sorted((older.stem, job.stem))
        async with self._outbox.lock(first), self._outbox.lock(second, other=first):
            if self._ledger.jobs.get(older.id).state is not JobState.DONE:
                return False
            move_files = await self._outbox.run(lambda: self._prepare(job, older, plan))
            if move_files is None:
                return False
            if not self._publisher.begin(job, JobState.PLANNED):
                return True
            await self._publisher.write_files(job, move_files)
            await self._publisher.finish(
                job, plan, older.duration_s, lambda done: CarriedOver(done, older), older
            )
            return True

    def _prepare(self, job: Job, older: Job, plan: Plan) -> Callable[[], object] | None:
        """Return the call that moves the files; None if they are not complete and ours."""
        outbox = self._outbox.folder
        if not publish.intact(outbox, older.stem):
            return None
        manifest = manifests.read(outbox / (older.stem + MANIFEST_SUFFIX))
        if manifest.source.sha256 != older.source_sha256:
            return None  # another source's narration has taken this name
        content = metadata.carried_manifest(job, older, plan, manifest)
        if content is None:
            return None
        suffixes = metadata.suffixes(older, manifest)
        return lambda: publish.move(outbox, older.stem, job.stem, suffixes, content)
