"""Dispatches requests to workers: fair between jobs, full batches, a fatal request isolated."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from itertools import chain

from narrated.engines.engine_info import EngineInfo
from narrated.errors import (
    EngineError,
    EngineLoading,
    FailedAmongOthers,
    NarratedError,
    RequestNotBegun,
    StorageError,
    WorkerLost,
)
from narrated.ledger.store import Ledger
from narrated.workers.engine_speed import EngineSpeed
from narrated.workers.fair_shares import ASKED_FOR, FairShares, Priority, Standing
from narrated.workers.pending_requests import PendingRequest, RequestQueue, last_not_begun
from narrated.workers.pool import WorkerPool
from narrated.workers.request_matching import ScheduledRequest, by_identity, refusal
from narrated.workers.speech_brake import SpeechBrake
from narrated.workers.worker import RequestResult, Worker

_MOST_DEATHS = 3  # a request fails for good after this many workers died of it
_MOST_DONE = 0.9  # of a request that has not ended: it may take longer than others


class Scheduler:
    """Hands requests to workers with free slots, in the order of their jobs' standings.

    Priorities share an engine (see FairShares). Within a priority the first job gets all slots
    that it can use and the next one the rest: a job is finished before another is begun, as far as
    slots stay full.
    """

    def __init__(
        self,
        pool: WorkerPool,
        ledger: Ledger,
        standings: dict[int, Standing] | None = None,
        encoders: int = 1,
    ) -> None:
        """`standings`: those of the running jobs, by their ids; whoever admits jobs keeps them.

        `encoders`: how many take over the speech.
        """
        self.brake = SpeechBrake(encoders, self._wake)
        self._pool = pool
        self._ledger = ledger
        self.standings = {} if standings is None else standings
        self._queues: dict[tuple[int, str], RequestQueue] = {}
        self._pending: dict[str, PendingRequest] = {}
        self._in_flight: dict[Worker, set[PendingRequest]] = {}
        self._unstored: Counter[tuple[Worker | None, str]] = Counter()
        self._speeds: defaultdict[str, EngineSpeed] = defaultdict(EngineSpeed)
        self._shares: defaultdict[str, FairShares] = defaultdict(FairShares)
        self._revision: list[object] = []
        self._changed = asyncio.Event()
        self._pumping = False
        self._held: NarratedError | None = None
        """Why no worker gets a request; None if they do."""

    async def perform(self, request: ScheduledRequest) -> RequestResult:
        """Run a request, or share the result of one of the same key that is under way.

        Raises EngineError if it cannot be done, EngineUnavailable if its engine is not available,
        EngineReplaced if no worker has the engine and voice that it was planned for. A request that
        failed in one step with others is retried alone first.
        """
        async with self.performing(request) as result:
            return result

    @asynccontextmanager
    async def performing(self, request: ScheduledRequest) -> AsyncIterator[RequestResult]:
        """Run a request; its slot stays taken while the caller stores the result in the context."""
        pending = self._pending.get(request.key) or self._add(request)
        pending.waiters += 1
        try:
            yield await asyncio.shield(pending.future)
        finally:
            pending.waiters -= 1
            if not pending.waiters:
                self._release(pending)

    async def engine(
        self, name: str, voices: Collection[str] = (), *, waits: bool = True
    ) -> EngineInfo:
        """Return what an engine announced of itself; waits while its worker loads.

        Without `waits`, raises EngineLoading instead. If its workers announced several identities:
        the first one that has all these voices.
        """
        while not (announced := by_identity(self._pool.announced(name))):
            if problem := self._pool.unavailable(name):
                raise problem
            if not waits:
                raise EngineLoading(name)
            await self._changed.wait()
        fitting = (engine for engine in announced if engine.voices.keys() >= set(voices))
        return next(fitting, announced[0])

    def workers_changed(self) -> None:
        """Hand out requests: a worker came or left, or has a free slot."""
        revision = self._pool.revision
        if revision != self._revision:
            self._revision = revision
            self._settle_unserved()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._wake()

    def hold(self, why: NarratedError) -> None:
        """Send no request to any worker until `release`; those in flight go on.

        Requests of jobs wait. Those of no job raise `why`: somebody waits for them at a terminal.
        """
        self._held = why
        for pending in [*self._pending.values()]:
            if not pending.request.job and self._dequeue(pending):
                self._settle(pending, why)
        for worker, in_flight in self._in_flight.items():
            for pending in in_flight:
                self._recall(pending, worker)

    def release(self) -> None:
        """Send requests again."""
        self._held = None
        self._wake()

    @property
    def waiting(self) -> int:
        """The number of requests that no worker has yet."""
        return sum(len(queue.requests) for queue in self._queues.values())

    def slots(self, engine: str) -> int:
        """Return the slots of an engine in all workers; 0 while it is not loaded."""
        workers = self._pool.workers
        return sum(each.engines[engine].rows for each in workers if engine in each.engines)

    def slot_seconds(self, engine: str, requests: int, weight: float) -> float | None:
        """Return how long one slot of an engine needs for so much; None if it is not known yet."""
        return self._speeds[engine].slot_seconds(requests, weight)

    def seconds_done(self, engine: str, job: int) -> float:
        """Return the slots' seconds in which a job's requests in flight were worked at."""
        now_s, done_s = asyncio.get_running_loop().time(), 0.0
        for pending in chain.from_iterable(self._in_flight.values()):
            if (pending.request.engine, pending.request.job) == (engine, job):
                whole_s = self.slot_seconds(engine, 1, pending.request.weight) or 0.0
                done_s += min(now_s - pending.admitted_s, _MOST_DONE * whole_s)
        return done_s

    def _settle_unserved(self) -> None:
        """Fail the waiting requests whose engine is unavailable or replaced."""
        for queue in self._queues.values():
            waiting, queue.requests = queue.requests, deque()
            for pending in waiting:
                if problem := refusal(pending.request, self._pool):
                    self._settle(pending, problem)
                else:
                    queue.requests.append(pending)

    def _add(self, request: ScheduledRequest) -> PendingRequest:
        if problem := self._refusal(request):
            raise problem
        future: asyncio.Future[RequestResult] = asyncio.get_running_loop().create_future()
        pending = PendingRequest(request, future, self._ledger.crashes.count(request.key))
        self._pending[request.key] = pending
        self._queue_of(pending).requests.append(pending)
        self._wake()
        return pending

    def _queue_of(self, pending: PendingRequest) -> RequestQueue:
        name = (pending.request.job, pending.request.engine)
        return self._queues.setdefault(name, RequestQueue(*name))

    def _wake(self) -> None:
        """Schedule one pump for all that happens in this turn of the loop."""
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        for worker in [] if self._held else self._pool.workers:
            while (pending := self._next(worker)) is not None:
                self._admit(pending, worker)
            self._recall_for_sooner(worker)
        self._queues = {name: queue for name, queue in self._queues.items() if queue.requests}

    def _next(self, worker: Worker) -> PendingRequest | None:
        """Take the next request for this worker; None if no slot is free, or it must drain."""
        in_flight = self._in_flight.get(worker, set())
        if any(pending.is_suspect for pending in in_flight):
            return None
        ready = [
            self._first_queue(engine, queues) for engine, queues in self._queues_for(worker).items()
        ]
        if not ready:
            return None
        queue = min(ready, key=lambda each: self._shares[each.engine].tag(self._priority(each)))
        pending = self._first_for(worker, queue)
        if pending is None or (pending.is_suspect and in_flight):
            return None
        pending.priority = self._priority(queue)
        shares = self._shares[queue.engine]
        pending.tag = shares.book(pending.priority, pending.request.weight)
        queue.requests.remove(pending)
        return pending

    def _recall_for_sooner(self, worker: Worker) -> None:
        """Recall the last request of an engine's queue at a worker, if another is to go first."""
        waiting: defaultdict[str, list[RequestQueue]] = defaultdict(list)
        for queue in self._queues.values():
            if queue.engine in worker.engines and self._first_for(worker, queue):
                waiting[queue.engine].append(queue)
        for engine, queues in waiting.items():
            last = last_not_begun(self._in_flight.get(worker, ()), engine)
            first = self._priority(self._first_queue(engine, queues))
            if last is not None and self._shares[engine].tag(first) < last.tag:
                self._recall(last, worker)

    def _recall(self, pending: PendingRequest, worker: Worker) -> None:
        """Have a worker give a request back, unless it has begun it."""
        if pending.answer is not None and not (pending.is_begun or pending.is_recalled):
            pending.is_recalled = True
            worker.recall(pending.answer)

    def _queues_for(self, worker: Worker) -> dict[str, list[RequestQueue]]:
        """The queues with a request that a worker can take now, by engine."""
        waiting = [queue for queue in self._queues.values() if queue.requests]
        wanted = {queue.engine for queue in waiting}
        free = {engine for engine in wanted if self._has_slot(worker, engine)}
        if not free:
            return {}
        queues: defaultdict[str, list[RequestQueue]] = defaultdict(list)
        for queue in waiting:
            if queue.engine in free and self._first_for(worker, queue):
                queues[queue.engine].append(queue)
        return queues

    def _first_for(self, worker: Worker, queue: RequestQueue) -> PendingRequest | None:
        """The request of a queue that a worker takes next; of a braked job, what others share."""
        is_braked = self.brake.stops(queue.job, queue.engine, self.standings)
        return queue.first_for(worker, 2 if is_braked else 0)

    def _first_queue(self, engine: str, queues: list[RequestQueue]) -> RequestQueue:
        """Return the queue that an engine serves next."""
        priority = self._shares[engine].first({self._priority(queue) for queue in queues})
        alike = [queue for queue in queues if self._priority(queue) is priority]
        return min(alike, key=lambda queue: (self._standing(queue).rank, queue.job))

    def _standing(self, queue: RequestQueue) -> Standing:
        return self.standings.get(queue.job, ASKED_FOR)

    def _priority(self, queue: RequestQueue) -> Priority:
        return self._standing(queue).priority

    def _has_slot(self, worker: Worker, engine: str) -> bool:
        """True if an engine can take a request.

        A result counts as in flight until `_answered` has counted it as not stored, though its
        worker is free before.
        """
        if engine not in worker.engines:
            return False
        in_flight = self._in_flight.get(worker, set())
        own = sum(pending.request.engine == engine for pending in in_flight)
        free = min(worker.free_slots(engine), worker.engines[engine].rows - own)
        return free > self._unstored[worker, engine]

    def _admit(self, pending: PendingRequest, worker: Worker) -> None:
        request = pending.request
        pending.worker = worker
        self._in_flight.setdefault(worker, set()).add(pending)
        pending.admitted_s = asyncio.get_running_loop().time()
        pending.is_begun = pending.is_recalled = False
        pending.answer = worker.submit(
            request.engine,
            request.header,
            request.payload,
            tag=pending.tag,
            on_begun=lambda: self._begun(pending),
        )
        pending.answer.add_done_callback(lambda answer: self._answered(pending, worker, answer))

    def _begun(self, pending: PendingRequest) -> None:
        pending.is_begun, pending.is_recalled = True, False
        self._shares[pending.request.engine].begin(pending.tag)

    def _answered(
        self, pending: PendingRequest, worker: Worker, answer: asyncio.Future[RequestResult]
    ) -> None:
        pending.answer = None
        request = pending.request
        self._in_flight[worker].discard(pending)
        if not self._in_flight[worker]:
            del self._in_flight[worker]
        if answer.cancelled():
            self._settle(pending, EngineError("The request was cancelled."))
            return
        problem = answer.exception()
        if isinstance(problem, RequestNotBegun) and self._was_returned(pending, problem):
            self._queue_again(pending)
        elif isinstance(problem, WorkerLost):
            self._count_death(pending, problem)
        elif isinstance(problem, FailedAmongOthers) and pending.waiters:
            pending.failed = True
            self._try_again(pending)
        elif pending.waiters and request.is_outdated_by(worker, answer):
            self._try_again(pending)
        else:
            if problem is None:
                elapsed_s = asyncio.get_running_loop().time() - pending.admitted_s
                self._speeds[request.engine].learn(request.weight, elapsed_s)
            self._settle(pending, problem or request.checked(answer.result()))
        self._wake()

    def _was_returned(self, pending: PendingRequest, problem: RequestNotBegun) -> bool:
        """True if a request was not begun; False if worker after worker died before that."""
        pending.losses += 0 if pending.is_recalled else problem.weight
        return pending.losses < _MOST_DEATHS

    def _queue_again(self, pending: PendingRequest) -> None:
        self._shares[pending.request.engine].give_back(pending.priority, pending.request.weight)
        if pending.waiters:
            self._try_again(pending)
        else:
            self._forget(pending)

    def _try_again(self, pending: PendingRequest) -> None:
        """Have a worker take a request again, unless none has the engine and voice it names."""
        if problem := self._refusal(pending.request):
            self._settle(pending, problem)
        else:
            self._queue_of(pending).put_back(pending)
            self._wake()

    def _refusal(self, request: ScheduledRequest) -> NarratedError | None:
        """The reason that a request may not wait here; None if it may."""
        if self._held is not None and not request.job:
            return self._held
        return refusal(request, self._pool)

    def _count_death(self, pending: PendingRequest, problem: WorkerLost) -> None:
        """Retry alone after its worker died; fail at the third death."""
        pending.deaths += 1
        with suppress(StorageError):  # the count in memory still holds
            pending.deaths = self._ledger.crashes.add(pending.request.key)
        if pending.deaths < _MOST_DEATHS and pending.waiters:
            self._try_again(pending)
            return
        died = f"The worker of `{pending.request.engine}` died {pending.deaths} times at this chunk"
        remedy = "Change that passage, or try again with `narrated retry FILE`."
        self._settle(pending, EngineError(f"{died}: {problem.problem}", remedy))

    def _settle(self, pending: PendingRequest, outcome: RequestResult | BaseException) -> None:
        """Give the outcome to those that wait; a result is known until they have stored it."""
        if pending.future.done() or not pending.waiters:
            self._forget(pending)
            return
        if isinstance(outcome, BaseException):
            self._forget(pending)
            pending.future.set_exception(outcome)
            pending.future.exception()  # else asyncio logs it if all waiters were cancelled
        else:
            pending.future.set_result(outcome)
            self._unstored[pending.worker, pending.request.engine] += 1
            pending.awaits_storing = True

    def _release(self, pending: PendingRequest) -> None:
        if not pending.future.done():
            self._abandon(pending)
        elif pending.awaits_storing:
            self._forget(pending)
            self._unstored[pending.worker, pending.request.engine] -= 1
            self._unstored += Counter()  # drops the workers that have none left
            self._wake()

    def _forget(self, pending: PendingRequest) -> None:
        # A newer request may have the same key.
        if self._pending.get(pending.request.key) is pending:
            del self._pending[pending.request.key]

    def _abandon(self, pending: PendingRequest) -> None:
        self._forget(pending)
        self._dequeue(pending)
        if pending.answer is not None:
            pending.answer.cancel()

    def _dequeue(self, pending: PendingRequest) -> bool:
        """Take a request out of its queue; False if it is in none, as one in flight."""
        queue = self._queues.get((pending.request.job, pending.request.engine))
        if is_queued := queue is not None and pending in queue.requests:
            queue.requests.remove(pending)
        return is_queued
