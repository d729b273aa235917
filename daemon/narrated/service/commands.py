"""What the user may ask of the ledger, with a daemon running or without."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from narrated.errors import NarratedError, StorageError
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.planner import Plan, PlanOutdated
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import notes
from narrated.outbox.output_names import ERROR_SUFFIX
from narrated.printable import printable


class JobHistoryEntry(msgspec.Struct, frozen=True):
    """One version of a file, as `narrated history` tells it."""

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

    Each gives back the paths that it set in motion. `enqueue` has a job done where a daemon
    runs; without one the job waits in the ledger for the next start.
    """

    def __init__(
        self,
        ledger: Ledger,
        register: JobFactory,
        *,
        outbox: Path,
        enqueue: Callable[[Job], None],
        cancel: Callable[[Job], None],
    ) -> None:
        self._ledger = ledger
        self._register = register
        self._outbox = outbox
        self._enqueue = enqueue
        self._cancel = cancel

    def retry(self, path: str | None) -> list[str]:
        """Try a failed, waiting or cancelled file again; all failed ones where none is named."""
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
        """Narrate anew by today's configuration: a file, a folder, or everything that is there."""
        ended = self._ledger.jobs.in_state(JobState.DONE, JobState.FAILED, JobState.WAITING)
        wanted = [job for job in ended if _in(job, path)]
        if not wanted and path:
            self._last(path)
        if len(wanted) > 1:  # a narration may outlive its source, and is then left as it is
            wanted = [job for job in wanted if self._ledger.sources.sha256(job.path)]
        return [self._redo(job, JobCause.REFRESH).path for job in wanted]

    def respeak(self, path: str, at_s: float | None) -> list[str]:
        """Choose the next take: of all chunks, or of the line heard at a time."""
        job = self._ledger.jobs.published(path)
        manuscript = None if job is None else self._manuscript(job)
        if job is not None and manuscript is None:
            raise NarratedError(
                f"What was spoken of {printable(path)} is not known: it was made anew, or updated.",
                f"`narrated refresh {printable(path)}` finds it out, and speaks nothing again.",
            )
        if job is None or manuscript is None:
            raise NarratedError(
                f"{printable(path)} has no narration yet.", "See `narrated history` for its state."
            )
        self._content(job)
        self._ledger.takes.choose_next(path, self._digests(job, manuscript, at_s))
        return [self._redo(job, JobCause.RESPEAK).path]

    def cancel(self, path: str) -> list[str]:
        """Stop what is being done for a file; what was published stays."""
        jobs = [
            job for job in self._ledger.jobs.stoppable(path) if job.state is not JobState.FAILED
        ]
        if not jobs:
            raise NarratedError(f"Nothing is being done for {printable(path)}.")
        for job in jobs:
            self._ledger.jobs.move(job, JobState.REMOVED, problem="cancelled")
            self._cancel(job)
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

    def _digests(self, job: Job, manuscript: Plan, at_s: float | None) -> list[str]:
        """The chunks of the line that is heard then; of all lines where no time is given."""
        if at_s is None:
            return list(dict.fromkeys(manuscript.digests))
        published = manifests.read(self._outbox / (job.stem + manifests.MANIFEST_SUFFIX))
        starts = [block.start_s for block in published.blocks]
        if not 0 <= at_s <= published.duration_s or not starts:
            raise NarratedError(
                f"{printable(job.path)} is {published.duration_s:.0f} s long; "
                f"nothing is heard at {at_s:.0f} s."
            )
        heard = max((n for n, start_s in enumerate(starts) if start_s <= at_s), default=0)
        line = manuscript.plan.script.lines[heard].id
        chunks = zip(manuscript.plan.chunks, manuscript.digests, strict=True)
        return [digest for chunk, digest in chunks if chunk.line == line]

    def _manuscript(self, job: Job) -> Plan | None:
        """What a job was planned as, where that is known and has today's form."""
        with suppress(PlanOutdated):
            kept = self._ledger.jobs.plan(job)
            return None if kept is None else Plan.unpacked(kept)
        return None

    def _redo(self, job: Job, cause: JobCause) -> Job:
        if manuscript := self._manuscript(job):
            self._ledger.crashes.reset(manuscript.keys)
        again = self._register.new(job.path, self._content(job), job.size_bytes, cause)
        self._enqueue(again)
        return again

    def _content(self, job: Job) -> str:
        """The source as it is now; one that is gone cannot be narrated anew."""
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
