"""Runs work beside the daemon's loops, so that none of it fails unseen."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Self

log = logging.getLogger("narrated")


class BackgroundTasks:
    """A context manager that runs tasks, and cancels them at its exit.

    A task may end. If one fails, that calls `on_end`, and its error is raised at the exit: the
    daemon then ends, and the next one starts it again.
    """

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for task in self._tasks:
            if not task.cancelled():
                task.result()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until it ends; `name` tells what fails: `the check of the outbox`."""
        self.watch(name, asyncio.create_task(work))

    def watch(self, name: str, task: asyncio.Task[None]) -> None:
        """Take in a task that runs already."""
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(name, ended))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed, so the daemon ends and is to be started again: %r", name, error)
            self._on_end()
