"""Runs periodic duties side by side: a slow or failing one does not hold up the others."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from narrated.errors import StorageError
from narrated.ledger.connection import DamagedLedger
from narrated.ledger.store import Ledger

TURN_S = 1.0
"""Pause between two turns of a duty that names no other."""

log = logging.getLogger("narrated")


class Duty(Protocol):
    """Something to be done again and again."""

    @property
    def retry_s(self) -> float | None:
        """Pause after a StorageError; None for TURN_S."""

    async def turn(self) -> float | None:
        """Do it once; returns the pause until the next turn, None for TURN_S.

        Raises StorageError, which is logged. Any other error ends the daemon.
        """


class Housekeeping:
    """A context manager that runs each duty in a task of its own.

    A damaged ledger, or an error that no duty foresees, calls `on_end` and is raised at exit: the
    daemon then ends, and the next one starts with a new ledger where the old one is damaged.
    """

    def __init__(self, duties: Sequence[Duty], ledger: Ledger, on_end: Callable[[], None]) -> None:
        self._duties = duties
        self._ledger = ledger
        self._on_end = on_end
        self._problems: dict[Duty, str] = {}

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._repeat(duty)) for duty in self._duties]
        for task in self._tasks:
            task.add_done_callback(lambda ended: self._on_end())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        for task in self._tasks:
            if not task.cancelled():
                task.result()

    async def _repeat(self, duty: Duty) -> None:
        while True:
            try:
                pause_s = await duty.turn()
                self._problems.pop(duty, None)
            except StorageError as error:
                pause_s = duty.retry_s
                self._report(duty, error)
            if damage := self._ledger.damage:
                raise DamagedLedger(damage)
            await asyncio.sleep(TURN_S if pause_s is None else pause_s)

    def _report(self, duty: Duty, error: StorageError) -> None:
        """Log a problem once, however many duties meet it, however often."""
        if str(error) not in self._problems.values():
            log.warning("%s", error)
        self._problems[duty] = str(error)
