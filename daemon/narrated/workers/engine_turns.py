"""Shares memory between engines: those whose models do not fit together take turns.

The engine at work for longest goes on. The others wait, even with requests in flight. Once one
has waited for TURN_S, the engines at work finish their requests and take no new ones.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from narrated.engines.interface import Engine, Request
from narrated.workers.model_memory_budget import ModelMemoryBudget

logger = logging.getLogger("narrated.worker")

TURN_S = 20.0
"""An engine that waits for longer stops the others from taking new requests."""


@dataclass(slots=True, eq=False)
class EngineQueue:
    """A loaded engine, its requests in flight, and those that wait for its models."""

    spec: dict[str, Any]
    engine: Engine
    elapsed_s: dict[str, float] = field(default_factory=dict)
    """Seconds of engine time of each request in flight."""
    waiting: dict[str, Request] = field(default_factory=dict)
    """Requests that are not begun, in the order in which they will be."""
    tags: dict[str, float] = field(default_factory=dict)
    """The daemon's tags of those requests: the lowest is begun first."""
    waiting_since: float = 0.0
    working_since: float = 0.0
    paused_since: float | None = None
    """Start of the pause of its requests in flight; None if they are not paused."""
    held_for: "EngineQueue | None" = None
    """An engine that needs all the memory, and must finish first."""
    tells_room: bool = True
    """False once the engine failed to tell whether it has room."""
    spoken_s: float = 0.0
    speaking_s: float = 0.0
    """Seconds of sound made, and of work spent on it."""

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def pace(self) -> float | None:
        """The real-time factor: seconds of work for a second of sound."""
        return self.speaking_s / self.spoken_s if self.spoken_s else None

    @property
    def has_room(self) -> bool:
        """True if the engine would begin another request at once; one that cannot tell takes all
        that it is given."""
        return not self.elapsed_s or not self.tells_room or self._told_room()

    def _told_room(self) -> bool:
        try:
            return bool(getattr(self.engine, "has_room", True))
        except Exception:  # not all engines are narrated's own
            logger.exception("%s fails to tell whether it has room; it takes all", self.name)
            self.tells_room = False
            return True

    def enqueue(self, request: Request, tag: float) -> None:
        """Add a request that waits for the engine, before those of a higher tag."""
        if not self.waiting:
            self.waiting_since = time.monotonic()
        self.waiting[request.id], self.tags[request.id] = request, tag
        ordered = sorted(self.waiting, key=self.tags.__getitem__)
        self.waiting = {id: self.waiting[id] for id in ordered}

    def withdraw(self, id: str) -> Request | None:
        """Take a request out of those that wait; None if it is begun."""
        self.tags.pop(id, None)
        return self.waiting.pop(id, None)

    def begin(self, id: str) -> None:
        """Note that a request is in flight."""
        now = time.monotonic()
        if not self.elapsed_s:
            self.working_since = now
        self.waiting_since = now  # else one that is at work would be served before all others
        self.elapsed_s[id] = 0.0


class EngineTurns:
    """The engine queues of a worker: the current ones by name, and those that were replaced."""

    def __init__(self, memory: ModelMemoryBudget) -> None:
        self.queues: dict[str, EngineQueue] = {}
        self._retired: list[EngineQueue] = []
        self._memory = memory

    def __iter__(self) -> Iterator[EngineQueue]:
        yield from self.queues.values()
        yield from self._retired

    def retire(self, queue: EngineQueue) -> None:
        """Let a queue finish its requests, and accept no more."""
        self._retired.append(self.queues.pop(queue.name))

    def take_retired(self) -> list[EngineQueue]:
        """Remove the replaced queues that have finished."""
        finished = [each for each in self._retired if not each.elapsed_s and not each.waiting]
        self._retired = [each for each in self._retired if each not in finished]
        return finished

    def admissible(self) -> Iterator[EngineQueue]:
        """The queues whose engines may take their waiting requests now."""
        now = time.monotonic()
        if any(now - each.paused_since > TURN_S for each in self if each.paused_since is not None):
            return
        waiting = [each for each in self if each.waiting]
        for queue in sorted(waiting, key=attrgetter("waiting_since")):
            busy = [each.engine for each in self if each.elapsed_s and each is not queue]
            if not busy or self._memory.fits_beside(queue.engine, busy):
                yield queue
            elif now - queue.waiting_since > TURN_S:
                return  # later queues would keep its memory from it

    def at_work(self) -> Iterator[EngineQueue]:
        """The queues to step: those whose requests in flight fit together, except held ones."""
        at_work: list[Engine] = []
        busy = [each for each in self if each.elapsed_s]
        for queue in sorted(busy, key=attrgetter("working_since")):
            if queue.held_for is not None and not queue.held_for.elapsed_s:
                queue.held_for = None
            fits = not at_work or self._memory.fits_beside(queue.engine, at_work)
            if queue.held_for is None and fits:
                queue.paused_since = None
                at_work.append(queue.engine)
                yield queue
            else:
                self.pause(queue)

    def pause(self, queue: EngineQueue) -> None:
        """Pause a queue's requests in flight; other engines may take its memory."""
        queue.paused_since = queue.paused_since or time.monotonic()
        self._memory.at_rest(queue.engine)

    def hold_others(self, queue: EngineQueue) -> None:
        """Pause all others until a queue has nothing in flight: they would evict each other."""
        for each in self:
            if each is not queue and each.engine.models and each.elapsed_s:
                each.held_for = queue
                self.pause(each)
