"""Restores a lost ledger from the narrations in the outbox and the takes in the cache."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from threading import Lock

from narrated.config.values import Config
from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.errors import StorageError
from narrated.jobs import restore
from narrated.jobs.restore import FoundNarration
from narrated.ledger.set_aside import last_aside
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import TakeCache
from narrated.ledger.takes import Take
from narrated.outbox.mount_guard import MountGuard

RETRY_S = 1.0

log = logging.getLogger("narrated")


@dataclass(eq=False)
class LedgerRestoration:
    """Fills a new ledger that nobody else uses yet."""

    _ledger: Ledger
    _filling: Lock
    """Held while a thread uses the ledger's own connection."""
    _cache: TakeCache
    _guard: MountGuard
    _config: Config
    _state_disk: DiskThreads
    _cache_disk: DiskThreads
    _outbox_disk: DiskThreads

    async def restore(self, on_wait: Callable[[str, DiskThreads], Awaitable[None]]) -> str:
        """Restore the ledger; returns a message to the user, empty if nothing was found.

        While a disk hangs, it waits, since everything would be spoken again: `on_wait` is told
        why, and then the empty text. Errors: StorageError.
        """
        while True:
            try:
                message = await self._restore()
                break
            except StorageError as error:
                disks = (self._state_disk, self._cache_disk, self._outbox_disk)
                if not any(disk.problem for disk in disks):
                    raise
                await on_wait(str(error), self._state_disk)
                await asyncio.sleep(RETRY_S)
        await on_wait("", self._state_disk)
        return message

    async def _restore(self) -> str:
        guard, path, inbox = self._guard, self._ledger.path, self._config.inbox
        takes = await self._cache_disk.run(self._cache.found, patience_s=TRANSFER_S)
        found = await self._outbox_disk.run(
            restore.remnants, guard, path, inbox, patience_s=TRANSFER_S
        )
        # In a thread, so that the loop is free for a start that takes long.
        count = await self._state_disk.run(self._fill, takes, found, patience_s=TRANSFER_S)
        if not count:
            return ""
        guard.device = await self._outbox_disk.run(guard.check)
        self._ledger.last_run.record_outbox_device(guard.device)
        damaged = await self._state_disk.run(last_aside, path)
        end = f"; the damaged one is kept as {damaged}." if damaged else ": there was none."
        message = f"The ledger was restored from {count} narrations of the outbox{end}"
        log.warning("%s", message)
        return message

    def _fill(self, takes: list[tuple[Take, float]], found: list[FoundNarration]) -> int:
        keeps_gone = self._config.after == "keep"
        with self._filling, self._ledger.transaction():
            self._cache.adopt(takes)
            return restore.rebuild(self._ledger, found, with_gone=keeps_gone)
