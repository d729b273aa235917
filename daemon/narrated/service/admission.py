"""Admits jobs to run at once; short ones have places that no book can take."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from narrated.errors import StorageError
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger

SHORT_BYTES = 64 * 1024
MOST_SHORT = 24
MOST_LONG = 8
RETRY_S = 2.0
"""Pause before a ledger that could not be read is read again."""

log = logging.getLogger("narrated")


class _SizeClass:
    """The jobs of one size class: those that wait, in order, and those that run."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.waiting: deque[int] = deque()
        self.running: dict[int, asyncio.Task[None]] = {}


class Admission:
    """Runs each pushed job once, and a bounded number at the same time.

    The scheduler is fair between running jobs. The bound saves memory, and keeps the order in
    which a flood of files is finished.
    """

    def __init__(self, ledger: Ledger, run: Callable[[Job], Awaitable[None]]) -> None:
        self._ledger = ledger
        self._run_job = run
        self._short, self._long = _SizeClass(MOST_SHORT), _SizeClass(MOST_LONG)
        self._queued: set[int] = set()
        self._again: set[int] = set()
        self._closed = False
        self.idle = asyncio.Event()
        self.idle.set()

    def push(self, job: Job) -> None:
        """Queue a job; one that waits is queued once, one that runs is run again afterwards."""
        jobs = self._size_class(job)
        if self._closed or job.id in self._queued:
            return
        if job.id in jobs.running:
            self._again.add(job.id)
            return
        self._enqueue(jobs, job.id)

    def cancel(self, job: Job) -> None:
        """Stop a job; the caller moves it in the ledger."""
        self._queued.discard(job.id)
        for jobs in (self._short, self._long):
            if task := jobs.running.get(job.id):
                task.cancel()

    async def close(self) -> None:
        """Stop all jobs; the next start resumes them."""
        self._closed = True
        tasks = [*self._short.running.values(), *self._long.running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def queued(self) -> int:
        """The number of jobs that wait for a place."""
        return len(self._queued)

    @property
    def next_up(self) -> list[int]:
        """The ids of the first jobs that wait for a place, short ones first."""
        waiting = [*self._short.waiting, *self._long.waiting]
        return [number for number in waiting[:20] if number in self._queued][:10]

    def _enqueue(self, jobs: _SizeClass, number: int) -> None:
        self._queued.add(number)
        jobs.waiting.append(number)
        self.idle.clear()
        self._fill(jobs)

    def _size_class(self, job: Job) -> _SizeClass:
        return self._short if job.size_bytes < SHORT_BYTES else self._long

    def _fill(self, jobs: _SizeClass) -> None:
        while jobs.waiting and len(jobs.running) < jobs.limit and not self._closed:
            number = jobs.waiting.popleft()
            if number not in self._queued:
                continue  # cancelled while it waited
            try:
                job = self._ledger.jobs.get(number)
            except StorageError as error:
                log.error("%s", error)
                jobs.waiting.appendleft(number)
                asyncio.get_running_loop().call_later(RETRY_S, self._fill, jobs)
                return
            self._queued.discard(number)
            if job.is_open:
                self._run(jobs, job)
        if not (self._queued or self._short.running or self._long.running):
            self.idle.set()

    def _run(self, jobs: _SizeClass, job: Job) -> None:
        task = asyncio.ensure_future(self._run_job(job))
        jobs.running[job.id] = task
        task.add_done_callback(lambda ended: self._ended(jobs, job, ended))

    def _ended(self, jobs: _SizeClass, job: Job, ended: asyncio.Future[None]) -> None:
        del jobs.running[job.id]
        if job.id in self._again:
            self._again.discard(job.id)
            self._enqueue(jobs, job.id)
        self._fill(jobs)
        if not ended.cancelled():
            ended.result()  # a job handles its own errors: any other is a defect, and is raised
