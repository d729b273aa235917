"""Commands that change the ledger, with or without a running daemon."""

from contextlib import suppress
from pathlib import Path

import msgspec

from narrated.errors import NarratedError, StorageError
from narrated.jobs.events import EventDispatcher, JobStopped
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import notes
from narrated.outbox.output_names import ERROR_SUFFIX
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


class UserCommands:
    """Retry, respeak, refresh, cancel, history; paths are relative to the inbox.

    Each returns the paths that it affects. Without a daemon that listens to events, the jobs wait
    in the ledger for the next start.
    """

    def __init__(
        self,
        ledger: Ledger,
        jobs: JobFactory,
        events: EventDispatcher,
        *,
        outbox: Path,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._events = events
        self._outbox = outbox

    def retry(self, path: str | None) -> list[str]:
        """Retry a failed, waiting or cancelled file; all failed ones if `path` is None."""
        if path is None:
            jobs = self._ledger.jobs.in_state(JobState.FAILED)
        else:
            jobs = [self._last(path)]
            if jobs[0].state not in (JobState.FAILED, JobState.WAITING, JobState.REMOVED):
                raise NarratedError(
                    f"{printable(path)} is {jobs[0].state}; there is nothing to retry.",
                    "For another take of it use `narrated respeak`.",
                )
        return [self._redo(job, JobCause.FOUND).path for job in jobs]

    def refresh(self, path: str | None) -> list[str]:
        """Narrate again by the present configuration: a file, a folder, or all sources."""
        ended = self._ledger.jobs.in_state(JobState.DONE, JobState.FAILED, JobState.WAITING)
        wanted = [job for job in ended if _in(job, path)]
        if not wanted and path:
            self._last(path)
        if len(wanted) > 1:  # a narration without a source stays as it is
            wanted = [job for job in wanted if self._ledger.sources.sha256(job.path)]
        return [self._redo(job, JobCause.REFRESH).path for job in wanted]

    def respeak(self, path: str, at_s: float | None) -> list[str]:
        """Choose the next take: of all chunks, or of the line at a time of the narration."""
        job = self._ledger.jobs.published(path)
        plan = None if job is None else self._plan(job)
        if job is not None and plan is None:
            raise NarratedError(
                f"The takes of {printable(path)} are not known, since the ledger was restored or "
                "narrated was updated.",
                f"`narrated refresh {printable(path)}` finds them, and speaks nothing again.",
            )
        if job is None or plan is None:
            raise NarratedError(
                f"{printable(path)} has no narration yet.", "See `narrated history` for its state."
            )
        self._content(job)
        self._ledger.takes.choose_next(path, self._digests(job, plan, at_s))
        return [self._redo(job, JobCause.RESPEAK).path]

    def cancel(self, path: str) -> list[str]:
        """Stop the jobs of a file; its published narration stays."""
        jobs = [
            job for job in self._ledger.jobs.stoppable(path) if job.state is not JobState.FAILED
        ]
        if not jobs:
            raise NarratedError(f"Nothing is being done for {printable(path)}.")
        for job in jobs:
            self._ledger.jobs.move(job, JobState.REMOVED, problem="cancelled")
            self._events.publish(JobStopped(job))
        with suppress(StorageError):
            notes.remove_note(self._outbox, jobs[-1].stem + ERROR_SUFFIX)  # of why it waited
        return [path]

    def history(self, path: str) -> list[JobHistoryEntry]:
        """Every version of a file, oldest first."""
        self._last(path)
        return [
            JobHistoryEntry(
                job.id,
                job.state,
                job.cause,
                job.created_at,
                job.changed_at,
                job.problem,
                job.title,
                job.duration_s,
            )
            for job in self._ledger.jobs.history(path)
        ]

    def _digests(self, job: Job, plan: Plan, at_s: float | None) -> list[str]:
        """List the digests of the line at `at_s` seconds; of all lines if it is None."""
        if at_s is None:
            return list(dict.fromkeys(plan.digests))
        published = manifests.read(self._outbox / (job.stem + manifests.MANIFEST_SUFFIX))
        starts = [block.start_s for block in published.blocks]
        if not 0 <= at_s <= published.duration_s or not starts:
            raise NarratedError(
                f"{printable(job.path)} is {published.duration_s:.0f} s long; "
                f"nothing is heard at {at_s:.0f} s."
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

    def _redo(self, job: Job, cause: JobCause) -> Job:
        if plan := self._plan(job):
            self._ledger.crashes.reset(plan.keys)
        return self._jobs.create(job.path, self._content(job), job.size_bytes, cause)

    def _content(self, job: Job) -> str:
        """Return the digest of the source; NarratedError if it is gone."""
        sha256 = self._ledger.sources.sha256(job.path)
        if not sha256:
            raise NarratedError(
                f"{printable(job.path)} is no longer in the inbox, or may not be read.",
                "Drop it again; its narration stays as it is meanwhile.",
            )
        return sha256

    def _last(self, path: str) -> Job:
        history = self._ledger.jobs.history(path)
        if not history:
            raise NarratedError(
                f"{printable(path)} is not known.",
                "Name a file as it stands in the inbox; `narrated status` shows what is there.",
            )
        return history[-1]


def _in(job: Job, path: str | None) -> bool:
    return not path or job.path == path or job.path.startswith(path.rstrip("/") + "/")
