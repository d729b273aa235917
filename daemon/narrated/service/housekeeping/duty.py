"""Runs periodic duties side by side: a slow or failing one does not hold up the others."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.errors import StorageError
from narrated.ledger.set_aside import DamagedLedger
from narrated.ledger.store import Ledger

TURN_S = 1.0
"""Pause between two turns of a duty that names no other."""
LATE_S = 30.0
"""A duty that is late by so much, or in one turn for so long, does not turn."""

log = logging.getLogger("narrated")


class Duty(ABC):
    """Something to be done again and again."""

    retry_s: float | None = None
    """Pause after a StorageError; None for TURN_S."""
    disks: tuple[DiskThreads, ...] = ()
    """The disks that a turn may wait for: the duty is not late while one of them is slow."""

    def on(self, *disks: DiskThreads) -> Self:
        """Name the disks that a turn may wait for."""
        self.disks = disks
        return self

    @abstractmethod
    async def turn(self) -> float | None:
        """Do it once; returns the pause until the next turn, None for TURN_S.

        Raises StorageError, which is logged. Any other error ends the daemon.
        """


@dataclass(eq=False)
class Housekeeping:
    """A context manager that runs each duty in a task of its own.

    A damaged ledger, or an error that no duty foresees, calls `on_end` and is raised at exit: the
    daemon then ends, and the next one starts with a new ledger where the old one is damaged.
    """

    _duties: Sequence[Duty]
    _ledger: Ledger
    _on_end: Callable[[], None]
    _problems: dict[Duty, str] = field(default_factory=dict)
    _due_s: dict[Duty, float] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._repeat(duty)) for duty in self._duties]
        for task in self._tasks:
            task.add_done_callback(lambda ended: self._on_end())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        for task in self._tasks:
            if not task.cancelled():
                task.result()

    @property
    def is_turning(self) -> bool:
        """True if no duty is late for its next turn, or is kept in one for long.

        A duty that waits for its disk is not late: a restart would wait for it as well.
        """
        now_s = time.monotonic()
        return all(now_s < due_s + _patience_s(duty) for duty, due_s in self._due_s.items())

    async def _repeat(self, duty: Duty) -> None:
        while True:
            self._due_s[duty] = time.monotonic() + LATE_S
            try:
                pause_s = await duty.turn()
                self._problems.pop(duty, None)
            except StorageError as error:
                pause_s = duty.retry_s
                self._report(duty, error)
            if damage := self._ledger.damage:
                raise DamagedLedger(damage)
            pause_s = TURN_S if pause_s is None else pause_s
            self._due_s[duty] = time.monotonic() + pause_s + LATE_S
            await asyncio.sleep(pause_s)

    def _report(self, duty: Duty, error: StorageError) -> None:
        """Log a problem once, however many duties meet it, however often."""
        if str(error) not in self._problems.values():
            log.warning("%s", error)
        self._problems[duty] = str(error)


def _patience_s(duty: Duty) -> float:
    """Return the extra time of a duty whose disk is slow: no call waits longer for one."""
    return TRANSFER_S if any(disk.is_slow for disk in duty.disks) else 0.0
