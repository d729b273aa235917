"""Schedules requests: fair between jobs, full batches, and a fatal request isolated."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from narrated.errors import (
    EngineError,
    EngineUnavailable,
    FailedAmongOthers,
    StorageError,
    WorkerLost,
)
from narrated.ledger.store import Ledger
from narrated.workers.pool import EngineInfo, RequestResult, Worker, WorkerPool

MOST_DEATHS = 3
"""A request fails for good after this many workers died of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """Work for one engine: a chunk to speak or a picture to describe."""

    key: str
    """Identifies the result; two requests of one key are done once."""
    engine: str
    job: int
    """The id of its job; fairness is between jobs."""
    weight: float
    """Cost to its job, in characters."""
    header: dict[str, Any]
    payload: bytes = b""


@dataclass(slots=True, eq=False)
class _PendingRequest:
    request: Request
    future: asyncio.Future[RequestResult]
    deaths: int
    failed: bool = False
    """True after it failed in one step with others: any of them may be the cause."""
    waiters: int = 0
    answer: asyncio.Future[RequestResult] | None = None
    awaits_storing: bool = False
    """True while the result is answered and not yet stored by the caller."""

    @property
    def is_suspect(self) -> bool:
        """True if it must be tried alone."""
        return self.failed or self.deaths > 0


@dataclass(slots=True)
class _JobQueue:
    """The waiting requests of one job for one engine, and the tag that orders the job."""

    engine: str
    tag: float
    is_new: bool = True
    requests: deque[_PendingRequest] = field(default_factory=deque)


class Scheduler:
    """Hands requests to workers with free slots, by start-time fair queueing.

    Each job's queue has a tag. It starts at the engine's virtual clock and advances by the weight
    of each request handed out; the clock advances as if all jobs shared evenly. A new job goes
    first, so a note is in the next admission; otherwise the lowest tag. But a job that lags behind
    the clock by more than a request goes before new jobs, so no flood of notes starves a book.
    (Tags: Goyal, Vin and Cheng, "Start-time fair queueing", SIGCOMM 1996; clock: Demers, Keshav
    and Shenker, "Analysis and simulation of a fair queueing algorithm", SIGCOMM 1989.)
    """

    def __init__(self, pool: WorkerPool, ledger: Ledger) -> None:
        self._pool = pool
        self._ledger = ledger
        self._queues: dict[tuple[int, str], _JobQueue] = {}
        self._pending: dict[str, _PendingRequest] = {}
        self._in_flight: dict[Worker, set[_PendingRequest]] = {}
        self._unstored: Counter[str] = Counter()
        self._clocks: defaultdict[str, float] = defaultdict(float)
        self._engines: dict[str, EngineInfo] = {}
        self._changed = asyncio.Event()
        self._pumping = False

    async def perform(self, request: Request) -> RequestResult:
        """Run a request, or share the result of one of the same key that is under way.

        Raises EngineError if it cannot be done, EngineUnavailable if its engine is not available.
        A request that failed in one step with others is retried alone first.
        """
        async with self.performing(request) as result:
            return result

    @asynccontextmanager
    async def performing(self, request: Request) -> AsyncIterator[RequestResult]:
        """Run a request; its slot stays taken until the caller leaves the context.

        The caller stores the result inside. So a crash at any moment costs one batch at most.
        """
        pending = self._pending.get(request.key) or self._add(request)
        pending.waiters += 1
        try:
            yield await asyncio.shield(pending.future)
        finally:
            pending.waiters -= 1
            if not pending.waiters:
                self._release(pending)

    async def engine(self, name: str) -> EngineInfo:
        """Return what an engine announced of itself; waits while its worker loads."""
        while name not in self._engines:
            if problem := self._pool.unavailable(name):
                raise problem
            await self._changed.wait()
        return self._engines[name]

    def workers_changed(self) -> None:
        """Hand out requests: a worker came or left, or has a free slot."""
        self._update_engines()
        self._wake()

    @property
    def waiting(self) -> int:
        """The number of requests that no worker has yet."""
        return sum(len(queue.requests) for queue in self._queues.values())

    def _update_engines(self) -> None:
        """Update the engines from the workers; keep an engine whose worker restarts."""
        for worker in self._pool.workers:
            self._engines.update(worker.engines)
        for name in list(self._engines):
            if self._pool.unavailable(name):
                del self._engines[name]
        for (_, engine), queue in self._queues.items():
            if queue.requests and (problem := self._pool.unavailable(engine)):
                self._fail_all(queue, problem)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _fail_all(self, queue: _JobQueue, problem: EngineUnavailable) -> None:
        for pending in list(queue.requests):
            self._settle(pending, problem)
        queue.requests.clear()

    def _add(self, request: Request) -> _PendingRequest:
        future: asyncio.Future[RequestResult] = asyncio.get_running_loop().create_future()
        pending = _PendingRequest(request, future, self._ledger.crashes.count(request.key))
        self._pending[request.key] = pending
        self._enqueue(pending)
        return pending

    def _enqueue(self, pending: _PendingRequest, *, first: bool = False) -> None:
        name = (pending.request.job, pending.request.engine)
        queue = self._queues.setdefault(name, _JobQueue(pending.request.engine, 0.0))
        if not queue.requests:
            queue.tag = max(queue.tag, self._clocks[queue.engine])
        (queue.requests.appendleft if first else queue.requests.append)(pending)
        self._wake()

    def _wake(self) -> None:
        """Schedule one pump for all that happens in this turn of the loop."""
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        for worker in self._pool.workers:
            while (pending := self._next(worker)) is not None:
                self._admit(pending, worker)
        self._queues = {name: queue for name, queue in self._queues.items() if self._is_live(queue)}

    def _is_live(self, queue: _JobQueue) -> bool:
        """True if it must be kept: one ahead of the clock would otherwise come back as new."""
        return bool(queue.requests) or queue.tag > self._clocks[queue.engine]

    def _next(self, worker: Worker) -> _PendingRequest | None:
        """Take the next request for this worker; None if no slot is free, or it must drain."""
        if self._is_isolating(worker):
            return None
        ready = [
            queue
            for queue in self._queues.values()
            if queue.requests and worker.free_slots(queue.engine) > self._unstored[queue.engine]
        ]
        if not ready:
            return None
        heaviest = max(queue.requests[0].request.weight for queue in ready)
        queue = min(ready, key=lambda queue: self._priority(queue, heaviest))
        if queue.requests[0].is_suspect and self._in_flight.get(worker):
            return None
        return self._take(queue)

    def _priority(self, queue: _JobQueue, heaviest: float) -> tuple[int, float]:
        """Sort key: lagging jobs first, then new ones, then the one that has had least."""
        if self._clocks[queue.engine] - queue.tag > heaviest:
            return 0, queue.tag
        return (1 if queue.is_new else 2), queue.tag

    def _take(self, queue: _JobQueue) -> _PendingRequest:
        sharing = [each for each in self._queues.values() if each.requests]
        pending = queue.requests.popleft()
        share = pending.request.weight / sum(each.engine == queue.engine for each in sharing)
        self._clocks[queue.engine] += share
        queue.tag += pending.request.weight
        queue.is_new = False
        return pending

    def _is_isolating(self, worker: Worker) -> bool:
        return any(pending.is_suspect for pending in self._in_flight.get(worker, ()))

    def _admit(self, pending: _PendingRequest, worker: Worker) -> None:
        request = pending.request
        self._in_flight.setdefault(worker, set()).add(pending)
        pending.answer = worker.submit(request.engine, request.header, request.payload)
        pending.answer.add_done_callback(lambda answer: self._answered(pending, worker, answer))

    def _answered(
        self, pending: _PendingRequest, worker: Worker, answer: asyncio.Future[RequestResult]
    ) -> None:
        self._remove_in_flight(pending, worker)
        if answer.cancelled():
            self._settle(pending, EngineError("The request was cancelled."))
            return
        problem = answer.exception()
        if isinstance(problem, WorkerLost):
            self._count_death(pending, problem)
        elif isinstance(problem, FailedAmongOthers) and pending.waiters:
            pending.failed = True
            self._enqueue(pending, first=True)
        elif problem is not None:
            self._settle(pending, problem)
        else:
            self._settle(pending, answer.result())
        self._wake()

    def _count_death(self, pending: _PendingRequest, problem: WorkerLost) -> None:
        """Retry alone after its worker died; fail at the third death."""
        pending.deaths += 1
        with suppress(StorageError):  # the count in memory still holds
            pending.deaths = self._ledger.crashes.add(pending.request.key)
        if pending.deaths < MOST_DEATHS and pending.waiters:
            self._enqueue(pending, first=True)
            return
        died = f"The worker of `{pending.request.engine}` died {pending.deaths} times at this chunk"
        remedy = "Change that passage, or try again with `narrated retry FILE`."
        self._settle(pending, EngineError(f"{died}: {problem.problem}", remedy))

    def _settle(self, pending: _PendingRequest, outcome: RequestResult | BaseException) -> None:
        self._forget(pending)
        if pending.future.done() or not pending.waiters:
            return
        if isinstance(outcome, BaseException):
            pending.future.set_exception(outcome)
            pending.future.exception()  # else asyncio logs it if all waiters were cancelled
        else:
            pending.future.set_result(outcome)
            self._unstored[pending.request.engine] += 1
            pending.awaits_storing = True

    def _release(self, pending: _PendingRequest) -> None:
        """Give the slot back: the last caller has left."""
        if not pending.future.done():
            self._abandon(pending)
        elif pending.awaits_storing:
            self._unstored[pending.request.engine] -= 1
            self._wake()

    def _remove_in_flight(self, pending: _PendingRequest, worker: Worker) -> None:
        pending.answer = None
        in_flight = self._in_flight[worker]
        in_flight.discard(pending)
        if not in_flight:
            del self._in_flight[worker]

    def _forget(self, pending: _PendingRequest) -> None:
        # A newer request may have the same key.
        if self._pending.get(pending.request.key) is pending:
            del self._pending[pending.request.key]

    def _abandon(self, pending: _PendingRequest) -> None:
        """Drop a request that no caller waits for."""
        self._forget(pending)
        queue = self._queues.get((pending.request.job, pending.request.engine))
        if queue is not None and pending in queue.requests:
            queue.requests.remove(pending)
        for worker, in_flight in self._in_flight.items():
            if pending in in_flight and pending.answer is not None:
                worker.cancel(pending.answer)
