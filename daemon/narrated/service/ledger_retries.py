"""Operations that the ledger refuses: kept in order, and retried until it accepts them."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from narrated.backoff import LEDGER_RETRY_S
from narrated.errors import StorageError
from narrated.service.housekeeping.host_checks import ClockAdjustment

log = logging.getLogger("narrated")
EventT = TypeVar("EventT")


class DeferredOperations:
    """Runs operations in order; while one is refused, later ones wait behind it."""

    def __init__(self, probe: Callable[[], Awaitable[None]], clock: ClockAdjustment) -> None:
        """`probe` raises StorageError while the state folder cannot be written."""
        self._probe = probe
        self._clock = clock
        self._operations: deque[Callable[[], None]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.problem: StorageError | None = None
        """The ledger's error while operations wait; None while all go on."""

    def run(self, operation: Callable[[], None]) -> None:
        """Run an operation now; it waits if others do, or if it raises StorageError."""
        if self.problem:
            self.put(operation)
            return
        try:
            operation()
        except StorageError as error:
            self.put(operation, error)

    def retried(self, listener: Callable[[EventT], None]) -> Callable[[EventT], None]:
        """Wrap a listener, so that an event that the ledger refuses is tried again."""
        return lambda event: self.run(lambda: listener(event))

    def put(self, operation: Callable[[], None], problem: StorageError | None = None) -> None:
        """Queue an operation behind those that wait; `problem` is its error."""
        self._operations.append(operation)
        if problem is not None:
            self._report(problem)
        if self._task is None or self._task.done():
            self._start()

    def close(self) -> None:
        """Stop retrying; the next start finds out what is left to do."""
        if self._task is not None:
            self._task.cancel()

    def _start(self) -> None:
        self._task = asyncio.create_task(self._retry())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Raise an error other than StorageError, and go on with the operations behind it."""
        if task.cancelled() or task.exception() is None:
            return
        self.problem = None
        if self._operations:
            self._start()
        task.result()

    async def _retry(self) -> None:
        while self._operations:
            await asyncio.sleep(LEDGER_RETRY_S)
            try:
                await self._probe()
                self._clock.record()
                self._run_all()
            except StorageError as problem:
                self._report(problem)
        self.problem = None
        log.info("the ledger can be written again; the work goes on")

    def _run_all(self) -> None:
        """Run those that wait now; one that is queued meanwhile waits for the next round."""
        for _ in range(len(self._operations)):
            operation = self._operations.popleft()
            try:
                operation()
            except StorageError:
                self._operations.appendleft(operation)
                raise

    def _report(self, problem: StorageError) -> None:
        if self.problem is None or self.problem.problem != problem.problem:
            log.error("%s", problem)
        self.problem = problem
