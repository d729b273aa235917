"""What cannot go on because the ledger refuses: kept in order, and tried again until it does."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from narrated.errors import StorageError
from narrated.service.app import App
from narrated.service.clock_adjustment import ClockAdjustment

AGAIN_S = 2.0

log = logging.getLogger("narrated")


class DeferredOperations:
    """Steps that were refused; while there are any, later ones that must not overtake wait too."""

    def __init__(self, house: App, clock: ClockAdjustment) -> None:
        self._house = house
        self._clock = clock
        self._steps: deque[Callable[[], None]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.problem: StorageError | None = None
        """Why nothing goes on; None where all does."""

    def put(self, step: Callable[[], None], problem: StorageError | None = None) -> None:
        """Have a step tried later, behind those that wait already."""
        self._steps.append(step)
        if problem is not None:
            self._tell(problem)
        if self._task is None or self._task.done():
            self._begin()

    def close(self) -> None:
        """Try nothing any more; the next start finds out what there is to do."""
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._go_on())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Go on with those behind a step that was a defect, and have that one be heard."""
        if task.cancelled() or task.exception() is None:
            return
        self.problem = None
        if self._steps:
            self._begin()
        task.result()

    async def _go_on(self) -> None:
        while self._steps:
            await asyncio.sleep(AGAIN_S)
            try:
                await asyncio.to_thread(self._house.probe_state)
                self._clock.mark()
                self._run()
            except StorageError as problem:
                self._tell(problem)
        self.problem = None
        log.info("the ledger can be written again; the work goes on")

    def _run(self) -> None:
        """As many as there are now: one that is put back waits for the next round."""
        for _ in range(len(self._steps)):
            step = self._steps.popleft()
            try:
                step()
            except StorageError:
                self._steps.appendleft(step)
                raise

    def _tell(self, problem: StorageError) -> None:
        if self.problem is None or self.problem.problem != problem.problem:
            log.error("%s", problem)
        self.problem = problem
