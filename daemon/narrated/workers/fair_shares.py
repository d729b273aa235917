"""Priorities of jobs, and the share of each: start-time fair queueing between priorities."""

import math
from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """The class of a job. Each class has its share; no class starves another."""

    NOTE = 0  # little is left to say
    EDIT = 1  # of what is published
    POST = 2
    BOOK = 3
    BACKGROUND = 4  # the same text again: a refresh, a change of settings


ALL = frozenset(Priority)

SHARES = {
    Priority.NOTE: 16.0,
    Priority.EDIT: 8.0,
    Priority.POST: 4.0,
    Priority.BOOK: 2.0,
    Priority.BACKGROUND: 1.0,
}
"""The proportions in which priorities are served while all of them have work."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The place of a job among others: its priority, and its rank there; the lowest goes first."""

    priority: Priority = Priority.POST
    rank: float = 0.0


ASKED_FOR = Standing(Priority.NOTE, -math.inf)
"""The standing of requests that belong to no job: somebody waits for them at a terminal."""


class FairShares:
    """Shares one resource between priorities, by start-time fair queueing.

    Each priority has a tag; the lowest is served next, and what it gets advances its tag by cost
    over share. A priority that comes back after a pause starts at the clock, the tag that was
    served last, so that it is served soon and has saved nothing up.
    (Goyal, Vin and Cheng, "Start-time fair queueing", SIGCOMM 1996.)
    """

    def __init__(self) -> None:
        self._clock = 0.0
        self._tags = dict.fromkeys(Priority, 0.0)
        self._waiting: set[Priority] = set()

    def first(self, waiting: set[Priority]) -> Priority:
        """Return which of these priorities, all that wait, is served next."""
        for each in waiting - self._waiting:
            self._tags[each] = max(self._tags[each], self._clock)
        self._waiting = waiting
        return min(waiting, key=lambda each: (self._tags[each], each))

    def tag(self, priority: Priority) -> float:
        """Return the tag of a priority that waits: the lower, the sooner."""
        return self._tags[priority]

    def charge(self, priority: Priority, cost: float) -> None:
        """Count what a priority was served."""
        self.begin(self.book(priority, cost))

    def book(self, priority: Priority, cost: float) -> float:
        """Count what a priority will be served; returns its tag until `begin`."""
        tag = self._tags[priority]
        self._tags[priority] += cost / SHARES[priority]
        return tag

    def begin(self, tag: float) -> None:
        """Note that what was booked is served now: a priority that comes back starts here."""
        self._clock = max(self._clock, tag)

    def give_back(self, priority: Priority, cost: float) -> None:
        """Undo a booking that was not begun."""
        self._tags[priority] -= cost / SHARES[priority]
