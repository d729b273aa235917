"""Keeps the default voice and rate of a published source until an edit or a refresh."""

from dataclasses import dataclass, replace
from functools import partial

import msgspec

from narrated.jobs.job_creation import JobCreator
from narrated.jobs.plan import JobDefaults
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.source_moves import SourceMoves
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.script.default_voice import ESPEAK


@dataclass(eq=False)
class PublishedDefault:
    """Finds the defaults that a source, or one that moved to its path, was planned with.

    An update of narrated, or the installation of pico's wheel, changes the default engine and its
    rate. A rename, or another lexicon, would then speak the whole post again.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _moves: SourceMoves
    _outbox: ShieldedOutboxChanges

    async def kept(self, job: Job, defaults: JobDefaults) -> JobDefaults:
        """Return the defaults for a plan of this job, with the engine and rate that it keeps.

        Only espeak is kept: it is always there.
        """
        settings = defaults.settings
        for older in await self._published(job):
            engine, has_rate = await self._default_voice(older)
            if engine == ESPEAK:
                settings = msgspec.structs.replace(settings, default_engine=ESPEAK)
            if not has_rate:
                settings = msgspec.structs.replace(settings, narrators_rate=False)
        return replace(defaults, settings=settings)

    async def _published(self, job: Job) -> list[Job]:
        """List the published narrations of this very content: at its path, or moved from others."""
        own = self._ledger.jobs.published(job.path)
        since = own.id if own else 0
        later = [each for each in self._ledger.jobs.history(job.path) if each.id > since]
        if any(each.cause is JobCause.REFRESH for each in later):
            return []  # a refresh that another job has superseded counts as well
        if own is not None and own.source_sha256 == job.source_sha256:
            return [own]
        return await self._moves.moved_from(job)

    async def _default_voice(self, older: Job) -> tuple[str, bool]:
        """Return its default engine, and True if it had a narrator's rate."""
        if plan := self._jobs.plan(older):
            return plan.settings.default_engine, plan.settings.narrators_rate
        # The ledger was restored from the outbox.
        read = partial(untrusted_reads.manifest, self._outbox.folder, older.stem)
        manifest = await self._outbox.run_unguarded(read)
        if manifest is None:
            return "", True
        script = manifest.settings.get("script")
        known = script if isinstance(script, dict) else {}
        return str(known.get("default_engine", ESPEAK)), known.get("narrators_rate") is True
