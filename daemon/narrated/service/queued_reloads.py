"""The reloads that SIGHUP asks for, at any time between the daemon's start and its stop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from narrated.errors import NarratedError


class QueuedReloads:
    """Runs reloads in tasks: each begins once the daemon is ready, and a stop ends all."""

    def __init__(self, stop: asyncio.Event, reload: Callable[[], Awaitable[None]]) -> None:
        self._stop = stop
        self._reload = reload
        self._tasks: set[asyncio.Task[None]] = set()
        self.may_begin = asyncio.Event()

    def add(self) -> None:
        """Run a reload soon, unless the daemon stops."""
        if self._stop.is_set():
            return
        task = asyncio.create_task(self._run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """End those that run: they would go on with parts that are closed."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self) -> None:
        await self.may_begin.wait()
        with suppress(NarratedError):  # journal and status tell it
            await self._reload()
