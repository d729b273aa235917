"""The outbox at a start: made before its first publication, and claimed from other daemons."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from narrated.disk_threads import DiskThreads
from narrated.errors import StorageError
from narrated.ledger.job import JobState
from narrated.ledger.set_aside import last_aside
from narrated.ledger.store import Ledger
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.outbox_lock import OutboxLock
from narrated.service.stop_steps import within


@dataclass(eq=False)
class OutboxOpening:
    """Opens an outbox for a daemon, and releases it at the end."""

    _ledger: Ledger
    _outbox: Path
    _lock: OutboxLock | None
    """None if its app may not write the outbox for long."""
    _disk: DiskThreads

    async def open(self, state_disk: DiskThreads) -> MountGuard:
        """Return the guard of an outbox that no other daemon writes. Errors: AlreadyRunning."""
        await self._make(state_disk)
        guard = MountGuard(self._outbox, self._ledger.last_run.outbox_device(), self._lock)
        if self._lock is not None:
            with suppress(StorageError):  # one that is missing is waited for
                await self._disk.run(guard.claim)
        return guard

    async def release(self, patience_s: float) -> None:
        """Let other daemons write the outbox."""
        if self._lock is None:
            return
        with suppress(StorageError):  # its disk hangs: the end of the process releases it
            await within(patience_s, self._disk.run(self._lock.release, patience_s=patience_s))

    async def _make(self, state_disk: DiskThreads) -> None:
        """Make the outbox before the first publication; later a missing one is a lost disk."""
        is_first = await state_disk.run(last_aside, self._ledger.path) is None
        if is_first and JobState.DONE not in self._ledger.jobs.counts():
            with suppress(OSError, StorageError):  # the first publication reports it
                await self._disk.run(partial(self._outbox.mkdir, parents=True, exist_ok=True))
