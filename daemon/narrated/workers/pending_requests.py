"""Requests that wait in the daemon, or are at a worker."""

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from narrated.workers.fair_shares import Priority
from narrated.workers.request_matching import ScheduledRequest
from narrated.workers.worker import RequestResult, Worker


@dataclass(slots=True, eq=False)
class PendingRequest:
    """A request that somebody waits for, from its coming to its result."""

    request: ScheduledRequest
    future: asyncio.Future[RequestResult]
    deaths: int
    failed: bool = False
    """True after it failed in one step with others: any of them may be the cause."""
    waiters: int = 0
    answer: asyncio.Future[RequestResult] | None = None
    worker: Worker | None = None
    """The worker that it was sent to last."""
    admitted_s: float = 0.0
    """The loop's time when a worker got it."""
    priority: Priority = Priority.POST
    """The priority that it was charged to last."""
    tag: float = math.inf
    """Its place in the queues of daemon and worker, once it was sent; the lowest is begun first."""
    is_begun: bool = False
    is_recalled: bool = False
    """True from a recall to its answer."""
    losses: float = 0
    """Workers that were lost before they began it, each with its weight."""
    awaits_storing: bool = False
    """True while the result is answered and not yet stored by the caller."""

    @property
    def is_suspect(self) -> bool:
        """True if it must be tried alone."""
        return self.failed or self.deaths > 0


@dataclass(slots=True)
class RequestQueue:
    """The waiting requests of one job for one engine."""

    job: int
    engine: str
    requests: deque[PendingRequest] = field(default_factory=deque)

    def put_back(self, pending: PendingRequest) -> None:
        """Queue a request that was sent before, at its old place."""
        later = (at for at, each in enumerate(self.requests) if each.tag > pending.tag)
        self.requests.insert(next(later, len(self.requests)), pending)

    def first_for(self, worker: Worker, least_waiters: int) -> PendingRequest | None:
        """The first request that a worker can take: it has the engine and voice as planned."""
        engine = worker.engines[self.engine]
        able = (one for one in self.requests if one.request.matches(engine))
        return next((one for one in able if one.waiters >= least_waiters), None)


def last_not_begun(at_worker: Iterable[PendingRequest], engine: str) -> PendingRequest | None:
    """The request that an engine would begin last; None if all are begun, or one is recalled."""
    queued = [each for each in at_worker if each.request.engine == engine and not each.is_begun]
    if any(each.is_recalled for each in queued):
        return None
    return max(queued, key=lambda each: each.tag, default=None)
