"""Which jobs are under way at once: short ones have seats that no book can take."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from narrated.errors import StorageError
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger

SHORT_BYTES = 64 * 1024
SHORT_SEATS = 24
LONG_SEATS = 8
RETRY_S = 2.0
"""Pause before a ledger that could not be read is read again."""

log = logging.getLogger("narrated")


class _AdmissionLane:
    """Jobs of one size: those that wait, first come first served, and how many may run."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.waiting: deque[int] = deque()
        self.running: dict[int, asyncio.Task[None]] = {}


class Admission:
    """Runs each pushed job's story once, a bounded number of them side by side.

    The scheduler is fair between the jobs under way; the bound is there for memory, and for the
    order in which a flood of files is finished.
    """

    def __init__(self, ledger: Ledger, story: Callable[[Job], Awaitable[None]]) -> None:
        self._ledger = ledger
        self._story = story
        self._short, self._long = _AdmissionLane(SHORT_SEATS), _AdmissionLane(LONG_SEATS)
        self._queued: set[int] = set()
        self._again: set[int] = set()
        self._closed = False
        self.idle = asyncio.Event()
        self.idle.set()

    def push(self, job: Job) -> None:
        """Have a job done; pushing one that waits or runs is no second run of it."""
        lane = self._lane(job)
        if self._closed or job.id in self._queued:
            return
        if job.id in lane.running:
            self._again.add(job.id)
            return
        self._line_up(lane, job.id)

    def cancel(self, job: Job) -> None:
        """Stop a job where it is; what it holds in the ledger is the caller's business."""
        self._queued.discard(job.id)
        for lane in (self._short, self._long):
            if task := lane.running.get(job.id):
                task.cancel()

    async def close(self) -> None:
        """Stop all jobs; they go on where they were at the next start."""
        self._closed = True
        tasks = [*self._short.running.values(), *self._long.running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def queued(self) -> int:
        """How many jobs wait for a seat."""
        return len(self._queued)

    @property
    def next_up(self) -> list[int]:
        """The ids of the first jobs that wait for a seat, short ones first."""
        waiting = [*self._short.waiting, *self._long.waiting]
        return [number for number in waiting[:20] if number in self._queued][:10]

    def _line_up(self, lane: _AdmissionLane, number: int) -> None:
        self._queued.add(number)
        lane.waiting.append(number)
        self.idle.clear()
        self._fill(lane)

    def _lane(self, job: Job) -> _AdmissionLane:
        return self._short if job.size_bytes < SHORT_BYTES else self._long

    def _fill(self, lane: _AdmissionLane) -> None:
        while lane.waiting and len(lane.running) < lane.seats and not self._closed:
            number = lane.waiting.popleft()
            if number not in self._queued:
                continue  # cancelled while it waited
            try:
                job = self._ledger.jobs.get(number)
            except StorageError as error:
                log.error("%s", error)
                lane.waiting.appendleft(number)
                asyncio.get_running_loop().call_later(RETRY_S, self._fill, lane)
                return
            self._queued.discard(number)
            if job.is_open:
                self._run(lane, job)
        if not (self._queued or self._short.running or self._long.running):
            self.idle.set()

    def _run(self, lane: _AdmissionLane, job: Job) -> None:
        task = asyncio.ensure_future(self._story(job))
        lane.running[job.id] = task
        task.add_done_callback(lambda ended: self._ended(lane, job, ended))

    def _ended(self, lane: _AdmissionLane, job: Job, ended: asyncio.Future[None]) -> None:
        del lane.running[job.id]
        if job.id in self._again:
            self._again.discard(job.id)
            self._line_up(lane, job.id)
        self._fill(lane)
        if not ended.cancelled():
            ended.result()  # a story handles its own errors; anything here is a defect to be heard
