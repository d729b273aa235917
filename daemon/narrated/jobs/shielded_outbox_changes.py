"""Changes of the outbox by jobs: one at a time for each narration, shielded from cancellation."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from narrated.disk_threads import ANSWER_S, TRANSFER_S, DiskThreads
from narrated.errors import StorageError
from narrated.ledger.store import Ledger
from narrated.outbox import published_files
from narrated.outbox.mount_guard import MountGuard

Value = TypeVar("Value")


class ShieldedOutboxChanges:
    """Makes changes of the outbox in threads, after the mount guard has checked it.

    A change that has begun is finished even if its job is cancelled, so that a newer version never
    competes with an older one for the same files.
    """

    def __init__(self, ledger: Ledger, mount_guard: MountGuard, disk: DiskThreads) -> None:
        self._ledger = ledger
        self._disk = disk
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._changes: set[asyncio.Task[Any]] = set()
        self._device: int | None = None
        self.mount_guard = mount_guard
        self.folder = mount_guard.outbox

    def lock(self, stem: str, *, other: str = "") -> asyncio.Lock:
        """The lock of a narration by its stem; a new lock if the caller holds `other`, the same."""
        if stem == other:
            return asyncio.Lock()
        return self._locks.setdefault(stem, asyncio.Lock())

    def start(self, change: Coroutine[Any, Any, Value]) -> asyncio.Task[Value]:
        """Run a change in a task of its own, without waiting for it."""
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return task

    async def finish(self, change: Coroutine[Any, Any, Value]) -> Value:
        """Run a change in a task of its own, which outlives the caller's cancellation."""
        return await asyncio.shield(self.start(change))

    async def settle(self, patience_s: float) -> None:
        """Wait until the changes that have begun are finished; drop what a hung disk holds up.

        A change that takes longer is repeated at the next start, as after a kill.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self._changes:
                    await asyncio.wait(set(self._changes))
        for task in self._changes:
            task.cancel()

    async def run(self, call: Callable[[], Value], *, patience_s: float = TRANSFER_S) -> Value:
        """Call in a thread, after a check that the outbox is still the same folder."""

        def guarded() -> Value:
            self._device = self.mount_guard.check()
            return call()

        return await self.run_unguarded(guarded, patience_s=patience_s)

    async def run_unguarded(
        self, call: Callable[[], Value], *, patience_s: float = ANSWER_S
    ) -> Value:
        """Call in a thread."""
        return await self._disk.run(call, patience_s=patience_s)

    async def is_open(self) -> bool:
        """True if the outbox as a whole can be written now."""
        try:
            await self.run(lambda: published_files.probe(self.folder), patience_s=ANSWER_S)
        except StorageError:
            return False
        return True

    def record_device(self) -> None:
        """Record the disk of the last change: its bare mount point is never taken for it then."""
        device = self._device
        if device is not None and device != self.mount_guard.device:
            self._ledger.last_run.record_outbox_device(device)
            self.mount_guard.device = device
