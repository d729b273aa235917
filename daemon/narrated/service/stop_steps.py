"""The steps of a stop that may wait for a hung disk or child, and the time that they share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

STOP_S = 2.0
"""A stop takes at most 3 s: the last status note, and processes that end, have the other second."""
REMOVAL_S = 0.5
"""Patience for takes that are being written, unfinished work to remove, and the outbox's lock."""
RELEASE_S = 0.25
"""Patience for the lock of the state, which is released last."""
CHANGES_S = 1.0
"""Patience for changes to the outbox that have begun, and for the ledger's last ones."""
_LEAST_S = 0.05


class StopSteps:
    """Calls each step with its patience in seconds, from the time that is left of the whole."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._end_s: float | None = None

    def add(self, step: Callable[[float], Awaitable[None]], most_s: float) -> None:
        """Have a step called at the stop, before those that were added earlier."""

        async def call() -> None:
            await step(self._left_s(most_s))

        self._stack.push_async_callback(call)

    def _left_s(self, most_s: float) -> float:
        now_s = time.monotonic()
        if self._end_s is None:
            self._end_s = now_s + STOP_S
        return max(_LEAST_S, min(most_s, self._end_s - now_s))


async def within(patience_s: float, call: Awaitable[object]) -> None:
    """Wait for a call no longer than this, though it waits for a thread of its disk."""
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await call
