"""Admits jobs to run at once: first to read their sources, then to speak with their engines."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from itertools import islice

from narrated.backoff import LEDGER_RETRY_S
from narrated.errors import EngineUnavailable, StorageError
from narrated.jobs.admission_callbacks import AdmissionCallbacks
from narrated.jobs.picture_captions import CAPTIONER
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.service.job_admission import JobPlaces, WaitingJobs
from narrated.workers.fair_shares import ALL, Priority, Standing

READING = {
    Priority.NOTE: 16,
    Priority.EDIT: 8,
    Priority.POST: 8,
    Priority.BOOK: 2,
    Priority.BACKGROUND: 4,
}
SPEAKING = {
    Priority.NOTE: 24,
    Priority.EDIT: 12,
    Priority.POST: 12,
    Priority.BOOK: 4,
    Priority.BACKGROUND: 12,
}
"""Of each engine with up to SLOTS slots in all workers; of others in proportion.

Many posts of one chunk each fill an engine's slots.
"""
SLOTS = 12
MOST_TIMES = 64.0
"""The places of an engine are at most so many times SPEAKING: each job has its plan in memory."""
READING_APART = dict.fromkeys(Priority, 1)
"""Jobs that wait for a parser of slow sources or patterns: it takes one at a time."""
DESCRIBING = dict.fromkeys(Priority, 8)
"""Jobs that wait for captions of their pictures, besides those that are read."""
READ_AHEAD = 10_000
"""Planned jobs that may wait for an engine; their plans are in the ledger. Notes and edits are
always read."""
RESUMED_AT_ONCE = 1_000
"""Jobs that are queued again in one turn of the loop after their engine has loaded."""
LATE_S = 30.0
"""A free place that a waiting job does not get for so long means that admission stands still."""

Engines = tuple[str, ...]

log = logging.getLogger("narrated")


class JobQueue:
    """Runs each pushed job once, and a bounded number at the same time.

    A job takes a place for reading; while its pictures are described, it has another one. Once it
    is planned, it moves to a place of the engines that speak it. If none is free there, its task
    ends, and it is run again when one is: jobs of a slow engine wait among themselves. A job whose
    engine still loads gives up its place, and is read again once the engine has answered.
    """

    def __init__(
        self,
        ledger: Ledger,
        standings: MutableMapping[int, Standing],
        rank: Callable[[Job], Standing],
        answered: Callable[[str], Awaitable[object]],
        run: Callable[[Job, AdmissionCallbacks], Awaitable[None]],
        slots: Callable[[str], int] = lambda engine: 0,
    ) -> None:
        """`standings`: those of the running jobs, by their ids; the scheduler follows them.

        `rank` gives the standing of a job that is not read yet. `answered` returns once an engine
        has loaded, or raises EngineUnavailable. `slots` counts those of an engine in all workers.
        """
        self._ledger = ledger
        self._standings = standings
        self._rank = rank
        self._answered = answered
        self._run_job = run
        self._slots = slots
        self._reading = JobPlaces(READING)
        self._apart: defaultdict[str, JobPlaces] = defaultdict(lambda: JobPlaces(READING_APART))
        """Places for reading by a parser that is kept for slow ones, by its name, and captions."""
        self._apart[CAPTIONER] = JobPlaces(DESCRIBING)
        self._speaking: dict[Engines, JobPlaces] = {}
        self._loading: dict[str, dict[int, Standing]] = {}
        """The jobs that wait for an engine to load, by its name."""
        self._sign = 1.0
        """Turned with the order; the ranks of the parked are kept as with the first order."""
        self._resumed: dict[int, Standing] = {}
        """The jobs whose engine has loaded, and that are still to be queued again."""
        self._resuming: asyncio.Task[None] | None = None
        self._loads: dict[str, asyncio.Task[None]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._after: dict[int, Callable[[], None]] = {}
        """The places in which running jobs wait once their tasks end."""
        self._retry: asyncio.TimerHandle | None = None
        self._closed = False
        self._turned_s = time.monotonic()
        self.idle = asyncio.Event()
        self.idle.set()

    def push(self, job: Job) -> None:
        """Queue a job; one that waits is queued once, one that runs is run again afterwards."""
        if self._closed or self._waits(job.id):
            return
        standing = self._standing(job)
        self.idle.clear()
        if job.id in self._tasks:
            self._after[job.id] = lambda: self._reading.waiting.push(job.id, standing)
        else:
            self._reading.waiting.push(job.id, standing)
            self._fill()

    def fill(self) -> None:
        """Run more jobs, if a worker came and they have places now."""
        self._fill()

    def cancel(self, job: Job) -> None:
        """Stop a job; the caller moves it in the ledger."""
        self._after.pop(job.id, None)
        for waiting in self._queues():
            waiting.discard(job.id)
        for parked in self._parked():
            parked.pop(job.id, None)
        if task := self._tasks.get(job.id):
            task.cancel()
        self._fill()

    def reads_apart(self, number: int, reader: str) -> bool:
        """Move a job to a place of a slow parser or the captioner; without one, it is to end."""
        standing, places = self._standings.get(number), self._apart[reader]
        if standing is None or number in places:
            return True
        if places.take(number, standing):
            others = (each for each in self._apart.values() if each is not places)
            self._leave(number, self._reading, *others)
            self._fill()
            return True
        self._after[number] = lambda: places.waiting.push(number, standing)
        return False

    async def close(self) -> None:
        """Stop all jobs; the next start resumes them."""
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
        resuming = [self._resuming] if self._resuming else []
        tasks = [*self._tasks.values(), *self._loads.values(), *resuming]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def reverse(self) -> None:
        """Turn the order of jobs of one priority round, after the order of dates was changed.

        One call follows another. The loop goes on meanwhile: a hundred thousand jobs may wait.
        """
        self._sign = -self._sign
        for number, standing in self._standings.items():
            self._standings[number] = Standing(standing.priority, -standing.rank)
        turning = self._queues()
        for waiting in turning:
            waiting.begin_reversal()
        for waiting in turning:
            while waiting.reverse_some():
                await asyncio.sleep(0)

    @property
    def is_turning(self) -> bool:
        """True unless a job has waited for a while for a place that is free."""
        idle = self._reading.has_room(self._read_now())
        if not (idle or any(each.has_room(ALL) for each in self._speaking.values())):
            self._turned_s = time.monotonic()
        return time.monotonic() - self._turned_s < LATE_S

    @property
    def queued(self) -> int:
        """The number of jobs that wait for a place."""
        return sum(map(len, self._queues())) + sum(map(len, self._parked()))

    @property
    def next_up(self) -> list[int]:
        """The ids of the first jobs that wait: those that are planned before others."""
        speaking = [each.waiting.first(10) for each in self._speaking.values()]
        parked = [list(islice(each, 10)) for each in self._parked()]
        reading = [each.waiting.first(10) for each in (self._reading, *self._apart.values())]
        groups = [*speaking, *reading, *parked]
        return [number for group in groups for number in group][:10]

    def _standing(self, job: Job) -> Standing:
        try:
            return self._rank(job)
        except StorageError as error:  # it is ranked by its plan later
            log.error("%s", error)
            return Standing()

    def _admit(self, job: Job, engines: Engines, rank: Callable[[], Standing]) -> bool:
        """Move a job to a place of its engines; if there is none, its task is to end."""
        places = self._speaking_places(engines)
        if job.id in places:  # it was ranked before it waited
            return True
        standing = self._standings[job.id] = rank()
        if places.take(job.id, standing):
            self._leave(job.id, *self._reading_places())
            self._fill()
            return True
        self._after[job.id] = lambda: self._speaking_places(engines).waiting.push(job.id, standing)
        return False

    def _park(self, job: Job, engine: str) -> None:
        """Have a job wait until an engine has loaded; its task is to end."""
        standing = self._signed(self._standings[job.id])
        self._after[job.id] = lambda: self._await_engine(job.id, standing, engine)

    def _speaking_places(self, engines: Engines) -> JobPlaces:
        if engines not in self._speaking:
            self._speaking[engines] = JobPlaces(SPEAKING, lambda: self._places_factor(engines))
        return self._speaking[engines]

    def _places_factor(self, engines: Engines) -> float:
        slots = max(map(self._slots, engines), default=0)
        return min(max(1.0, slots / SLOTS), MOST_TIMES)

    def _await_engine(self, number: int, standing: Standing, engine: str) -> None:
        self._loading.setdefault(engine, {})[number] = standing
        if engine not in self._loads:
            self._loads[engine] = asyncio.create_task(self._resume_after_load(engine))

    async def _resume_after_load(self, engine: str) -> None:
        with suppress(EngineUnavailable):  # each job finds out, and waits with a note
            await self._answered(engine)
        del self._loads[engine]
        self._resumed.update(self._loading.pop(engine, {}))
        if self._resuming is None or self._resuming.done():
            self._resuming = asyncio.create_task(self._resume_in_slices())

    async def _resume_in_slices(self) -> None:
        while self._resumed:
            for number in list(islice(self._resumed, RESUMED_AT_ONCE)):
                self._reading.waiting.push(number, self._signed(self._resumed.pop(number)))
            self._fill()
            await asyncio.sleep(0)

    def _signed(self, standing: Standing) -> Standing:
        """Turn today's standing into one to park, or back."""
        return Standing(standing.priority, self._sign * standing.rank)

    def _queues(self) -> list[WaitingJobs]:
        places = (self._reading, *self._apart.values(), *self._speaking.values())
        return [each.waiting for each in places]

    def _parked(self) -> list[dict[int, Standing]]:
        return [*self._loading.values(), self._resumed]

    def _reading_places(self) -> list[JobPlaces]:
        return [self._reading, *self._apart.values()]

    def _waits(self, number: int) -> bool:
        waits = any(number in each for each in self._queues())
        return waits or any(number in each for each in self._parked())

    def _fill(self) -> None:
        """Run jobs while there are places, and note if nothing is left to do."""
        if self._closed:
            return
        try:
            for places in [*self._speaking.values(), *self._apart.values()]:
                self._fill_places(places, ALL)
            if self._reading.waiting:
                self._fill_places(self._reading, self._read_now())
        except StorageError as error:
            log.error("%s", error)
            self._fill_later()
        self._speaking = {key: each for key, each in self._speaking.items() if not each.is_empty}
        if not (self._tasks or self.queued):
            self.idle.set()

    def _fill_later(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._turned_s = time.monotonic()
        self._retry = asyncio.get_running_loop().call_later(LEDGER_RETRY_S, self._fill)

    def _read_now(self) -> Collection[Priority]:
        """Return the priorities that may be read: the plans that wait take room in the ledger."""
        planned = sum(len(each.waiting) for each in self._speaking.values())
        return ALL if planned < READ_AHEAD else (Priority.NOTE, Priority.EDIT)

    def _fill_places(self, places: JobPlaces, priorities: Collection[Priority]) -> None:
        while places.waiting and (following := places.take_next(priorities)) is not None:
            number, standing = following
            try:
                job = self._ledger.jobs.get(number)
            except StorageError:
                places.leave(number)
                places.waiting.push(number, standing)
                raise
            if job.is_open:
                self._run(job, standing)
            else:
                places.leave(number)

    def _leave(self, number: int, *places: JobPlaces) -> None:
        for each in places:
            each.leave(number)

    def _run(self, job: Job, standing: Standing) -> None:
        self._standings[job.id] = standing
        callbacks = AdmissionCallbacks(
            lambda engines, rank: self._admit(job, engines, rank),
            lambda engine: self._park(job, engine),
        )
        self._tasks[job.id] = task = asyncio.ensure_future(self._run_job(job, callbacks))
        task.add_done_callback(lambda ended: self._ended(job, ended))

    def _ended(self, job: Job, ended: asyncio.Future[None]) -> None:
        del self._tasks[job.id]
        self._standings.pop(job.id, None)
        self._leave(job.id, *self._reading_places(), *self._speaking.values())
        if wait := self._after.pop(job.id, None):
            wait()
        self._fill()
        if not ended.cancelled():
            ended.result()  # a job handles its own errors: any other is a defect, and is raised
