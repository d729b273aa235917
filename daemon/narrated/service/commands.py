"""Commands that change the ledger, with or without a running daemon."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

import msgspec

from narrated.errors import NarratedError
from narrated.jobs.bulk_requeue_runner import BulkRequeueRunner
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher, JobStopped
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.bulk_requeue_progress import RequeueKind
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.printable import printable


class JobHistoryEntry(msgspec.Struct, frozen=True):
    """One version of a file, for `narrated history`."""

    job: int
    state: str
    cause: str
    created_at: float
    changed_at: float
    problem: str
    title: str
    duration_s: float


_history_fields = attrgetter("id", *JobHistoryEntry.__struct_fields__[1:])


@dataclass(eq=False)
class UserCommands:
    """Retry, respeak, refresh, cancel, history; paths are relative to the inbox.

    Each returns the paths that it affects. Without a daemon that listens to events, the jobs wait
    in the ledger for the next start.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _events: EventDispatcher
    _notes: ErrorNotes
    _outbox: ShieldedOutboxChanges
    _requeues: BulkRequeueRunner

    async def retry(self, path: str | None) -> list[str]:
        """Retry a failed, waiting or cancelled file; all failed ones if `path` is None."""
        if path is None:
            return await self._requeues.requeue(RequeueKind.RETRY)
        job = self._history(path)[-1]
        if job.state not in (JobState.FAILED, JobState.WAITING, JobState.REMOVED):
            raise NarratedError(
                f"{printable(path)} is {job.state}; there is nothing to retry.",
                "For another take of it use `narrated respeak`.",
            )
        return [self._redo(job, JobCause.FOUND)]

    async def refresh(self, path: str | None) -> list[str]:
        """Narrate again by the present configuration: a file, a folder, or all sources."""
        folder = (path or "").rstrip("/")
        ended = self._ledger.jobs.refreshable(folder, "", 2)
        if not ended and path:
            self._history(path)
        if len(ended) == 1:
            return [self._redo(self._history(ended[0])[-1], JobCause.REFRESH)]
        # Of several, a narration without a source stays as it is.
        return await self._requeues.requeue(RequeueKind.REFRESH, folder)

    async def respeak(self, path: str, at_s: float | None) -> list[str]:
        """Choose the next take: of all chunks, or of the line at a time of the narration."""
        job = self._ledger.jobs.published(path)
        if job is None:
            raise NarratedError(
                f"{printable(path)} has no narration yet.", "See `narrated history` for its state."
            )
        plan = self._plan(job)
        if plan is None:
            raise NarratedError(
                f"The takes of {printable(path)} are not known, since the ledger was restored or "
                "narrated was updated.",
                f"`narrated refresh {printable(path)}` finds them, and speaks nothing again.",
            )
        self._content(job)
        self._ledger.takes.choose_next(path, await self._digests(job, plan, at_s))
        return [self._redo(job, JobCause.RESPEAK)]

    async def cancel(self, path: str) -> list[str]:
        """Stop the jobs of a file; its published narration stays."""
        stoppable = self._ledger.jobs.stoppable(path)
        jobs = [job for job in stoppable if job.state is not JobState.FAILED]
        if not jobs:
            problem = f"Nothing is being done for {printable(path)}."
            raise NarratedError(problem, "`narrated status` lists the files under way.")
        for job in jobs:
            self._ledger.jobs.move(job, JobState.REMOVED, problem="cancelled")
            self._events.publish(JobStopped(job))
        await self._notes.remove(jobs[-1])  # of why it waited
        return [path]

    async def history(self, path: str) -> list[JobHistoryEntry]:
        """Every version of a file, oldest first."""
        return [JobHistoryEntry(*_history_fields(job)) for job in self._history(path)]

    async def _digests(self, job: Job, plan: Plan, at_s: float | None) -> list[str]:
        """List the digests of the line at `at_s` seconds; of all lines if it is None."""
        if at_s is None:
            return list(dict.fromkeys(plan.digests))
        read = partial(untrusted_reads.known_manifest, self._outbox.folder, job.stem)
        published = await self._outbox.run_unguarded(read)
        starts = [block.start_s for block in published.blocks]
        if not 0 <= at_s <= published.duration_s or not starts:
            raise NarratedError(
                f"{printable(job.path)} is {published.duration_s:.0f} s long; "
                f"nothing is heard at {at_s:.0f} s.",
                "Choose a time within it: `--at MM:SS`.",
            )
        heard = max((n for n, start_s in enumerate(starts) if start_s <= at_s), default=0)
        line = plan.draft.script.lines[heard].id
        chunks = zip(plan.draft.chunks, plan.digests, strict=True)
        return [digest for chunk, digest in chunks if chunk.line == line]

    def _plan(self, job: Job) -> Plan | None:
        """Return a job's plan; None if it has none, or one of an earlier format."""
        with suppress(PlanOutdated):
            kept = self._ledger.jobs.plan(job)
            return None if kept is None else Plan.decode(kept)
        return None

    def _redo(self, job: Job, cause: JobCause) -> str:
        """Create a new job for a source, and return its path."""
        if plan := self._plan(job):
            self._ledger.crashes.reset(plan.keys)
        return self._jobs.create(job.path, self._content(job), job.size_bytes, cause).path

    def _content(self, job: Job) -> str:
        """Return the digest of the source; NarratedError if it is gone."""
        sha256 = self._ledger.sources.sha256(job.path)
        if not sha256:
            raise NarratedError(
                f"{printable(job.path)} is no longer in the inbox, or may not be read.",
                "Drop it again; its narration stays as it is meanwhile.",
            )
        return sha256

    def _history(self, path: str) -> list[Job]:
        """Return the jobs of a file; NarratedError if there is none."""
        history = self._ledger.jobs.history(path)
        if not history:
            raise NarratedError(
                f"{printable(path)} is not known.",
                "Name a file as it stands in the inbox; `narrated status` shows what is there.",
            )
        return history
