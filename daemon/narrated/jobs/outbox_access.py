"""Guarded access to the outbox for jobs: one change at a time for each narration."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from narrated.errors import StorageError
from narrated.ledger.host_state import OUTBOX
from narrated.ledger.store import Ledger
from narrated.outbox import publish
from narrated.outbox.mount_guard import MountGuard

Value = TypeVar("Value")


class OutboxAccess:
    """Runs changes of the outbox in threads, and finishes each change that has begun.

    A change is finished even if its job is cancelled, so that a newer version never competes with
    an older one for the same files.
    """

    def __init__(self, ledger: Ledger, mount_guard: MountGuard, disk: Executor) -> None:
        self._ledger = ledger
        self._disk = disk
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._changes: set[asyncio.Task[Any]] = set()
        self.mount_guard = mount_guard
        self.folder = mount_guard.outbox

    def lock(self, stem: str, *, other: str = "") -> asyncio.Lock:
        """The lock of a narration by its stem; a new lock if the caller holds `other`, the same."""
        if stem == other:
            return asyncio.Lock()
        return self._locks.setdefault(stem, asyncio.Lock())

    async def finish(self, change: Coroutine[Any, Any, Value]) -> Value:
        """Run a change in a task of its own, which outlives the caller's cancellation."""
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait until every change that has begun is finished."""
        while self._changes:
            await asyncio.wait(set(self._changes))

    async def run(self, call: Callable[[], Value]) -> Value:
        """Call in a thread, after a check that the outbox is still the same folder."""

        def guarded() -> Value:
            self.mount_guard.check()
            return call()

        return await self.run_unguarded(guarded)

    async def run_unguarded(self, call: Callable[[], Value]) -> Value:
        """Call in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, call)

    async def is_open(self) -> bool:
        """True if the outbox as a whole can be written now."""
        try:
            await self.run(lambda: publish.probe(self.folder))
        except StorageError:
            return False
        return True

    def record_device(self) -> None:
        """Record the disk of the outbox, so that its bare mount point is never taken for it."""
        device = self.mount_guard.check()
        if device != self.mount_guard.device:
            self._ledger.host.record_device(OUTBOX, device)
            self.mount_guard.device = device
