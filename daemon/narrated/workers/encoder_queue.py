"""The requests that wait for one encoder, in the order of their jobs, as those for an engine."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from narrated.audio.encoder_requests import EncoderRequest, WriteTake
from narrated.errors import NarratedError
from narrated.workers.fair_shares import ASKED_FOR, FairShares, Priority, Standing

MOST_PASSED = 4
"""A take waits for at most so many other requests: its slot of the engine waits with it."""

Reply = tuple[dict[str, Any], bytes]


@dataclass(slots=True)
class NarrationChild:
    """The number of the child that writes a narration; 0 before its first takes."""

    number: int = 0


@dataclass(eq=False, slots=True)
class QueuedRequest:
    """A request that waits for a child, or is in flight to it."""

    request: EncoderRequest
    job: int = 0
    """The job that it is for; 0 if somebody waits for it at a terminal."""
    blob: bytes = b""
    extra_s: float = 0.0
    """Time that it may take beyond the limit."""
    is_urgent: bool = False
    narration: NarrationChild | None = None
    passed: int = 0
    """The number of requests that were served while it waited."""
    reply: asyncio.Future[Reply] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_take: bool = field(init=False)
    """True if a slot of an engine stays taken until it is answered."""

    def __post_init__(self) -> None:
        self.is_take = isinstance(self.request, WriteTake)

    def answer(self, reply: Reply) -> None:
        """Give the caller its answer, unless it was cancelled."""
        if not self.reply.done():
            self.reply.set_result(reply)

    def fail(self, error: NarratedError) -> None:
        """Give the caller an error instead."""
        if not self.reply.done():
            self.reply.set_exception(error)
            self.reply.exception()  # nobody waits for the reply of a discarded narration


class EncoderQueue:
    """Serves priorities in their shares, and within one the first job before the next.

    So a post is encoded as soon as it is spoken, however many later ones are spoken meanwhile. A
    take that has waited for some requests goes before all others, and its engine works on.
    """

    def __init__(self, standings: Mapping[int, Standing]) -> None:
        """`standings`: those of the running jobs, by their ids; they may change at any time."""
        self._standings = standings
        self._requests: list[QueuedRequest] = []
        self._shares = FairShares()

    def __len__(self) -> int:
        return len(self._requests)

    def put(self, request: QueuedRequest) -> None:
        """Add a request behind those of its job."""
        self._requests.append(request)

    def pop(self) -> QueuedRequest | None:
        """Take the request that is served next; None if none waits."""
        self._requests = [each for each in self._requests if not each.reply.done()]
        if not self._requests:
            return None
        request = self._overdue() or self._first()
        self._requests.remove(request)
        for other in self._requests:
            other.passed += 1
        return request

    def charge(self, request: QueuedRequest, elapsed_s: float) -> None:
        """Count the time that a request took."""
        self._shares.charge(self._standing(request.job).priority, elapsed_s)

    def count_before(self, job: int) -> int:
        """Return the number of requests that are served before a take of a job, about."""
        own = self._place(job, is_take=True)
        return sum(self._place(each.job, each.is_take) <= own for each in self._requests)

    def cancel(self) -> None:
        """Cancel all that wait."""
        for request in self._requests:
            request.reply.cancel()

    def _overdue(self) -> QueuedRequest | None:
        """The first that may wait no longer, if there is one."""
        return next(
            (
                each
                for each in self._requests
                if each.is_urgent or (each.is_take and each.passed >= MOST_PASSED)
            ),
            None,
        )

    def _first(self) -> QueuedRequest:
        """The first request of the first job of the priority whose turn it is; takes go first."""
        places = [self._place(each.job, each.is_take) for each in self._requests]
        priority = self._shares.first({place[0] for place in places})
        first = min(place for place in places if place[0] is priority)
        return self._requests[places.index(first)]

    def _place(self, job: int, is_take: bool) -> tuple[Priority, float, int, bool]:
        standing = self._standing(job)
        return standing.priority, standing.rank, job, not is_take

    def _standing(self, job: int) -> Standing:
        return self._standings.get(job, ASKED_FOR)
