"""Whose turn it is: engines whose models cannot be warm together work one after another.

The one that has been at work for longest goes on; the others wait, with their rows in flight if
they must, and once one has waited a while, those at work finish what they have and take no more.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from narrated.engines.interface import Engine, Request
from narrated.workers.budget import MemoryBudget

TURN_S = 20.0
"""How long an engine waits before others take no more rows, so that it may have their memory."""


@dataclass(slots=True, eq=False)
class EngineQueue:
    """A loaded engine, its rows in flight, and those that wait until its models can be warm."""

    spec: dict[str, Any]
    engine: Engine
    elapsed_s: dict[str, float] = field(default_factory=dict)
    """Engine time that each row in flight has taken."""
    waiting: dict[str, Request] = field(default_factory=dict)
    waiting_since: float = 0.0
    working_since: float = 0.0
    paused_since: float | None = None
    """Since when its rows in flight wait for others; None where they do not."""
    held_for: "EngineQueue | None" = None
    """Who found no memory but its own, and is to be done first."""
    spoken_s: float = 0.0
    speaking_s: float = 0.0
    """Seconds of sound that it made, and of work that this took."""

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def pace(self) -> float | None:
        """The real-time factor: seconds of work for a second of sound."""
        return self.speaking_s / self.spoken_s if self.spoken_s else None

    def line_up(self, request: Request) -> None:
        """Have a row wait for the engine."""
        if not self.waiting:
            self.waiting_since = time.monotonic()
        self.waiting[request.id] = request

    def next_in_line(self) -> Request:
        """Take the row that waits for longest out of the line."""
        return self.waiting.pop(next(iter(self.waiting)))

    def begin(self, id: str) -> None:
        """A row is in flight from now on."""
        if not self.elapsed_s:
            self.working_since = time.monotonic()
        self.elapsed_s[id] = 0.0

    def rest(self) -> None:
        """No row is in flight any more."""
        self.paused_since = self.held_for = None


class MemoryArbiter:
    """The stations of a worker: those that take rows, by name, and those that were replaced."""

    def __init__(self, budget: MemoryBudget) -> None:
        self.stations: dict[str, EngineQueue] = {}
        self._retired: list[EngineQueue] = []
        self._budget = budget

    def __iter__(self) -> Iterator[EngineQueue]:
        yield from self.stations.values()
        yield from self._retired

    def retire(self, station: EngineQueue) -> None:
        """Have a station finish what it has, and take no more."""
        self._retired.append(self.stations.pop(station.name))

    def dismissed(self) -> list[EngineQueue]:
        """Let those go that were replaced, and have nothing left to do."""
        done = [each for each in self._retired if not each.elapsed_s and not each.waiting]
        self._retired = [each for each in self._retired if each not in done]
        return done

    def admissible(self) -> Iterator[EngineQueue]:
        """Those whose waiting rows their engines may take now."""
        now = time.monotonic()
        if any(now - each.paused_since > TURN_S for each in self if each.paused_since is not None):
            return
        for station in sorted((each for each in self if each.waiting), key=_waiting_since):
            busy = [each.engine for each in self if each.elapsed_s and each is not station]
            if not busy or self._budget.fits_beside(station.engine, busy):
                yield station
            elif now - station.waiting_since > TURN_S:
                return  # who comes after it in line would keep its memory from it

    def at_work(self) -> Iterator[EngineQueue]:
        """Those whose rows in flight are to be brought on: all that fit together.

        Whoever is held while those before it are brought on is left out.
        """
        at_work: list[Engine] = []
        for station in sorted((each for each in self if each.elapsed_s), key=_working_since):
            if station.held_for is not None and not station.held_for.elapsed_s:
                station.held_for = None
            fits = not at_work or self._budget.fits_beside(station.engine, at_work)
            if station.held_for is None and fits:
                station.paused_since = None
                at_work.append(station.engine)
                yield station
            else:
                self.pause(station)

    def pause(self, station: EngineQueue) -> None:
        """Have a station's rows in flight wait; its memory may be taken for others."""
        station.paused_since = station.paused_since or time.monotonic()
        self._budget.at_rest(station.engine)

    def hold_others(self, station: EngineQueue) -> None:
        """Have all others wait until a station has nothing in flight.

        They would take its memory back, and it theirs, and none would come to an end.
        """
        for each in self:
            if each is not station and each.engine.models and each.elapsed_s:
                each.held_for = station
                self.pause(each)


def _waiting_since(station: EngineQueue) -> float:
    return station.waiting_since


def _working_since(station: EngineQueue) -> float:
    return station.working_since
