"""Whose pieces go next: fair between jobs, full rows, and a poisonous piece found alone."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
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
"""A piece that took its worker with it this often is given up."""


@dataclass(frozen=True, slots=True)
class Request:
    """A piece of work for one engine: a chunk to speak or a picture to describe."""

    key: str
    """What it makes is known by this; two orders of one key are done once."""
    engine: str
    flow: int
    """The job it belongs to; fairness is between flows."""
    weight: float
    """What it costs its flow: characters, or what stands for them."""
    header: dict[str, Any]
    payload: bytes = b""


@dataclass(slots=True, eq=False)
class _PendingRequest:
    order: Request
    future: asyncio.Future[RequestResult]
    deaths: int
    failed: bool = False
    """In a step with others, whose fault it may have been."""
    waiters: int = 0
    answer: asyncio.Future[RequestResult] | None = None
    is_held: bool = False
    """Answered, and not yet kept by who asked for it."""

    @property
    def is_suspect(self) -> bool:
        """Whether it is to be tried alone."""
        return self.failed or self.deaths > 0


@dataclass(slots=True)
class _JobFlow:
    """The waiting pieces of one job for one engine, and how far it is on that engine's clock."""

    engine: str
    tag: float
    is_new: bool = True
    pieces: deque[_PendingRequest] = field(default_factory=deque)


class Scheduler:
    """Hands pieces to workers with free rows, by start-time fair queueing.

    Each flow has a tag that starts at the engine's virtual clock and advances by the weight of
    what it was given; the clock tells how far each would be if all shared evenly. A newcomer
    goes first, so that a note is in the next admission; else the lowest tag. But who lags behind
    the clock by more than a piece goes before newcomers: no flood of notes starves a book.
    (Tags: Goyal, Vin and Cheng, "Start-time fair queueing", SIGCOMM 1996; clock: Demers, Keshav
    and Shenker, "Analysis and simulation of a fair queueing algorithm", SIGCOMM 1989.)
    """

    def __init__(self, pool: WorkerPool, ledger: Ledger) -> None:
        self._pool = pool
        self._ledger = ledger
        self._flows: dict[tuple[int, str], _JobFlow] = {}
        self._work: dict[str, _PendingRequest] = {}
        self._held: dict[Worker, set[_PendingRequest]] = {}
        self._unkept: Counter[str] = Counter()
        self._clocks: defaultdict[str, float] = defaultdict(float)
        self._infos: dict[str, EngineInfo] = {}
        self._changed = asyncio.Event()
        self._pumping = False
        self.on_admit: Callable[[Request], None] = lambda order: None

    async def perform(self, order: Request) -> RequestResult:
        """Have a piece done, or share in what is being done under the same key.

        Raises EngineError for a piece that cannot be done, EngineUnavailable when its engine is
        not to be had. What failed in a step with others is tried again alone first.
        """
        async with self.performed(order) as result:
            return result

    @asynccontextmanager
    async def performed(self, order: Request) -> AsyncIterator[RequestResult]:
        """The same, and it takes up its row until this is left: until its result is kept.

        So all that a crash can cost, in the worker or on its way to the disk, is an engine's rows.
        """
        work = self._work.get(order.key) or self._enlist(order)
        work.waiters += 1
        try:
            yield await asyncio.shield(work.future)
        finally:
            work.waiters -= 1
            if not work.waiters:
                self._leave(work)

    async def engine(self, name: str) -> EngineInfo:
        """What an engine announced of itself, waiting for its worker while it loads."""
        while name not in self._infos:
            if problem := self._pool.unavailable(name):
                raise problem
            await self._changed.wait()
        return self._infos[name]

    def workers_changed(self) -> None:
        """A worker came or left or has a free row: hand out what waits."""
        self._learn()
        self._wake()

    @property
    def waiting(self) -> int:
        """How many pieces no worker has taken yet."""
        return sum(len(flow.pieces) for flow in self._flows.values())

    def _learn(self) -> None:
        """What the workers announce now; an engine whose worker restarts is remembered."""
        for worker in self._pool.workers:
            self._infos.update(worker.engines)
        for name in list(self._infos):
            if self._pool.unavailable(name):
                del self._infos[name]
        for (_, engine), flow in self._flows.items():
            if flow.pieces and (problem := self._pool.unavailable(engine)):
                self._refuse(flow, problem)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _refuse(self, flow: _JobFlow, problem: EngineUnavailable) -> None:
        for work in list(flow.pieces):
            self._settle(work, problem)
        flow.pieces.clear()

    def _enlist(self, order: Request) -> _PendingRequest:
        future: asyncio.Future[RequestResult] = asyncio.get_running_loop().create_future()
        work = _PendingRequest(order, future, self._ledger.crashes.count(order.key))
        self._work[order.key] = work
        self._line_up(work)
        return work

    def _line_up(self, work: _PendingRequest, *, first: bool = False) -> None:
        name = (work.order.flow, work.order.engine)
        flow = self._flows.setdefault(name, _JobFlow(work.order.engine, 0.0))
        if not flow.pieces:
            flow.tag = max(flow.tag, self._clocks[flow.engine])
        (flow.pieces.appendleft if first else flow.pieces.append)(work)
        self._wake()

    def _wake(self) -> None:
        """Pump once for all that happens in this turn of the loop."""
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        for worker in self._pool.workers:
            while (work := self._next(worker)) is not None:
                self._admit(work, worker)
        self._flows = {name: flow for name, flow in self._flows.items() if self._is_live(flow)}

    def _is_live(self, flow: _JobFlow) -> bool:
        """A flow that is ahead of the clock is remembered, lest it rejoin as if it were new."""
        return bool(flow.pieces) or flow.tag > self._clocks[flow.engine]

    def _next(self, worker: Worker) -> _PendingRequest | None:
        """The piece this worker takes now; None when it has no row for any, or must drain."""
        if self._tries_one_alone(worker):
            return None
        ready = [
            flow
            for flow in self._flows.values()
            if flow.pieces and worker.free_rows(flow.engine) > self._unkept[flow.engine]
        ]
        if not ready:
            return None
        heaviest = max(flow.pieces[0].order.weight for flow in ready)
        flow = min(ready, key=lambda flow: self._turn(flow, heaviest))
        if flow.pieces[0].is_suspect and self._held.get(worker):
            return None
        return self._take(flow)

    def _turn(self, flow: _JobFlow, heaviest: float) -> tuple[int, float]:
        """Whose turn it is, the least first: who lags, who is new, who has had least."""
        if self._clocks[flow.engine] - flow.tag > heaviest:
            return 0, flow.tag
        return (1 if flow.is_new else 2), flow.tag

    def _take(self, flow: _JobFlow) -> _PendingRequest:
        sharing = [each for each in self._flows.values() if each.pieces]
        work = flow.pieces.popleft()
        share = work.order.weight / sum(each.engine == flow.engine for each in sharing)
        self._clocks[flow.engine] += share
        flow.tag += work.order.weight
        flow.is_new = False
        return work

    def _tries_one_alone(self, worker: Worker) -> bool:
        return any(work.is_suspect for work in self._held.get(worker, ()))

    def _admit(self, work: _PendingRequest, worker: Worker) -> None:
        order = work.order
        self.on_admit(order)
        self._held.setdefault(worker, set()).add(work)
        work.answer = worker.submit(order.engine, order.header, order.payload)
        work.answer.add_done_callback(lambda answer: self._answered(work, worker, answer))

    def _answered(
        self, work: _PendingRequest, worker: Worker, answer: asyncio.Future[RequestResult]
    ) -> None:
        self._let_go(work, worker)
        if answer.cancelled():
            self._settle(work, EngineError("The piece was cancelled."))
            return
        problem = answer.exception()
        if isinstance(problem, WorkerLost):
            self._count_death(work, problem)
        elif isinstance(problem, FailedAmongOthers) and work.waiters:
            work.failed = True
            self._line_up(work, first=True)
        elif problem is not None:
            self._settle(work, problem)
        else:
            self._settle(work, answer.result())
        self._wake()

    def _count_death(self, work: _PendingRequest, problem: WorkerLost) -> None:
        """What was in flight at a death is tried again, alone; the third time it is given up."""
        work.deaths += 1
        with suppress(StorageError):  # it is counted here, if it cannot be written down
            work.deaths = self._ledger.crashes.add(work.order.key)
        if work.deaths < MOST_DEATHS and work.waiters:
            self._line_up(work, first=True)
            return
        self._settle(
            work,
            EngineError(
                f"The engine `{work.order.engine}` ended {work.deaths} times at this piece: "
                f"{problem.problem}",
                "Change that passage, or try again with `narrated retry FILE`.",
            ),
        )

    def _settle(self, work: _PendingRequest, outcome: RequestResult | BaseException) -> None:
        self._forget(work)
        if work.future.done() or not work.waiters:
            return
        if isinstance(outcome, BaseException):
            work.future.set_exception(outcome)
            work.future.exception()  # a waiter that was cancelled will never ask
        else:
            work.future.set_result(outcome)
            self._unkept[work.order.engine] += 1
            work.is_held = True

    def _leave(self, work: _PendingRequest) -> None:
        """Nobody has anything more to do with this piece."""
        if not work.future.done():
            self._abandon(work)
        elif work.is_held:
            self._unkept[work.order.engine] -= 1
            self._wake()

    def _let_go(self, work: _PendingRequest, worker: Worker) -> None:
        work.answer = None
        held = self._held[worker]
        held.discard(work)
        if not held:
            del self._held[worker]

    def _forget(self, work: _PendingRequest) -> None:
        if self._work.get(work.order.key) is work:  # a newer piece may go by the same key
            del self._work[work.order.key]

    def _abandon(self, work: _PendingRequest) -> None:
        """Nobody wants this piece any more."""
        self._forget(work)
        flow = self._flows.get((work.order.flow, work.order.engine))
        if flow is not None and work in flow.pieces:
            flow.pieces.remove(work)
        for worker, held in self._held.items():
            if work in held and work.answer is not None:
                worker.cancel(work.answer)
