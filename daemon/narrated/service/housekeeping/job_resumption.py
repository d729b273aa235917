"""Resumes what waits: jobs for an engine, the storage or their source; notes to be removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from narrated.backoff import Backoff
from narrated.errors import StorageError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.error_notes import ErrorNotes
from narrated.ledger.job import KEEPS_PLAN, Job, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.service.housekeeping.duty import Duty
from narrated.workers.pool import WorkerPool

STORAGE_FIRST_S, SOURCE_FIRST_S, PARSER_FIRST_S, LONGEST_S = 2.5, 2.0, 2.0, 60.0
MOST_RESUMED = 16
"""Jobs in one turn of the loop: they hold it up for a few milliseconds."""


@dataclass(eq=False)
class JobResumption:
    """Moves waiting jobs on, and hands them to `push`."""

    _ledger: Ledger
    _push: Callable[[Job], None]

    def resume_some(self, *reasons: JobReason, after: int) -> int | None:
        """Resume the next few of these jobs; returns where to go on, None at the end."""
        jobs = self._ledger.jobs.waiting_for(*reasons, after=after, limit=MOST_RESUMED)
        for job in jobs:
            self.resume_job(job)
        return jobs[-1].id if jobs else None

    async def resume(self, *reasons: JobReason, replan: bool = False) -> None:
        """Resume all jobs that wait for one of these reasons; `replan`: without their plans.

        Errors: StorageError.
        """
        async for jobs in self.waiting_for(*reasons):
            for job in jobs:
                self.resume_job(job, replan)

    async def waiting_for(
        self, *reasons: JobReason, known: bool = False
    ) -> AsyncIterator[list[Job]]:
        """Yield the jobs that wait for one of these reasons, a few in a turn of the loop.

        `known`: only those whose source was read once.
        """
        last = 0
        waiting = partial(self._ledger.jobs.waiting_for, *reasons, limit=MOST_RESUMED, known=known)
        while jobs := waiting(after=last):
            last = jobs[-1].id
            yield jobs
            await asyncio.sleep(0)

    def resume_job(self, job: Job, replan: bool = False) -> None:
        """Resume a job at the stage that it had reached. Errors: StorageError."""
        # A job that waited for an engine is planned again: its voice may have changed. Another
        # take keeps to the settings of the narration.
        replans = replan or job.reason is JobReason.ENGINE
        replans = replans and job.cause not in KEEPS_PLAN
        goes_on = not replans and self._ledger.jobs.plan(job) is not None
        self._push(self._ledger.jobs.move(job, JobState.PLANNED if goes_on else JobState.QUEUED))


@dataclass(eq=False)
class EngineArrival(Duty):
    """Resumes jobs when a worker announces an engine, or other voices; more then run at once."""

    _pool: WorkerPool
    _waiting: JobResumption
    _fill: Callable[[], None]
    _workers: set[tuple[str, int | None, tuple[str, ...], int]] = field(default_factory=set)
    _last: int | None = None
    """The last job that was resumed; None if all were."""

    async def turn(self) -> float | None:
        """Resume a few of them if a worker is new or changed. Errors: StorageError."""
        states = (each for each in self._pool.states() if each.pid is not None)
        workers = {(each.name, each.pid, each.engines, each.changes) for each in states}
        if workers - self._workers:
            self._last = 0
            self._fill()
        self._workers = workers
        if self._last is not None:
            self._last = self._waiting.resume_some(JobReason.ENGINE, after=self._last)
        return None if self._last is None else 0.0


@dataclass(eq=False)
class StorageRetry(Duty):
    """Probes the storage while jobs wait for it, and resumes them once it takes files again.

    A storage that takes the probe and then refuses the job is tried ever more rarely.
    """

    _ledger: Ledger
    _probe: Callable[[], Awaitable[None]]  # raises StorageError while state, cache or outbox refuse
    _waiting: JobResumption

    def __post_init__(self) -> None:
        self.retry_s = STORAGE_FIRST_S
        self._backoff = Backoff(STORAGE_FIRST_S, LONGEST_S)
        self._last: int | None = 0

    async def turn(self) -> float:
        """Probe if a job waits, and resume a few that do. Errors: StorageError."""
        if not self._ledger.jobs.waiting_for(JobReason.STORAGE, limit=1):
            self._backoff.reset()
            return self._backoff.next_s()
        if not self._last:  # the rest of a round needs no probe of its own, which writes megabytes
            try:
                await self._probe()
            except StorageError:
                self._backoff.reset()
                raise
        self._last = self._waiting.resume_some(JobReason.STORAGE, after=self._last or 0)
        return 0.0 if self._last else self._backoff.next_s()


@dataclass(eq=False)
class ParserRetry(Duty):
    """Resumes jobs for which no parser could be started, ever more rarely while none starts."""

    _ledger: Ledger
    _waiting: JobResumption

    def __post_init__(self) -> None:
        self._backoff = Backoff(PARSER_FIRST_S, LONGEST_S)

    async def turn(self) -> float:
        """Resume all that wait; each that finds no parser waits again. Errors: StorageError."""
        if not self._ledger.jobs.waiting_for(JobReason.PARSER, limit=1):
            self._backoff.reset()
        await self._waiting.resume(JobReason.PARSER)
        return self._backoff.next_s()


@dataclass(eq=False)
class SourceRetry(Duty):
    """Opens the sources that jobs wait for, and resumes the jobs whose source opens.

    The inbox reports a file only if it changed. A file that comes back unchanged, with a moved
    inbox or a folder that was closed, is found here alone. A source that opens may still show a
    picture that does not: its job waits again, and is tried ever more rarely.
    """

    _ledger: Ledger
    _inbox: AsyncInboxReader
    _waiting: JobResumption

    def __post_init__(self) -> None:
        self._seen: set[int] = set()
        self._backoff = Backoff(SOURCE_FIRST_S, LONGEST_S)

    async def turn(self) -> float:
        """Try each source once. Errors: StorageError."""
        ids: set[int] = set()
        reasons = (JobReason.ABSENT, JobReason.UNREADABLE)
        async for jobs in self._waiting.waiting_for(*reasons, known=True):
            ids |= {job.id for job in jobs}
            await self._try(jobs)
        self._note_new(ids)
        return self._backoff.next_s()

    async def _try(self, jobs: list[Job]) -> None:
        readable = await self._inbox.readable([job.path for job in jobs])
        for job in jobs:
            # A job whose source was deleted meanwhile ends as soon as it is tried.
            may_go_on = job.path in readable or not self._ledger.sources.sha256(job.path)
            if may_go_on and self._ledger.jobs.get(job.id).state is JobState.WAITING:
                self._waiting.resume_job(job)

    def _note_new(self, ids: set[int]) -> None:
        """Retry soon if a job has begun to wait since the last turn, or none waits."""
        if not ids or ids - self._seen:
            self._backoff.reset()
        self._seen = ids


@dataclass(eq=False)
class NoteRemoval(Duty):
    """Removes the notes whose problem is gone, where the outbox refused it or a kill came first."""

    _notes: ErrorNotes

    async def turn(self) -> None:
        """Remove those that are left. Errors: StorageError."""
        await self._notes.remove_left()
