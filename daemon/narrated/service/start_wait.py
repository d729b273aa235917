"""Tells why a start waits, while the daemon does not answer its socket yet."""

import logging
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from narrated.disk_threads import DiskThreads
from narrated.errors import StorageError
from narrated.service.state_lock import LockHolder, StateLock
from narrated.systemd_notify import ServiceNotifier

log = logging.getLogger("narrated")


@dataclass(eq=False)
class StartWait:
    """Tells systemd, the journal, and `narrated status`, which reads the lock's file."""

    _notifier: ServiceNotifier
    _lock: StateLock
    _holder: LockHolder
    _told: str = ""

    async def __call__(self, problem: str, state_disk: DiskThreads) -> None:
        """Tell the problem that a start waits for; an empty one when it goes on.

        The state's own disk may be the one that hangs: then its lock goes without the news.
        """
        if problem == self._told:
            return
        self._told = problem
        self._notifier.status(f"starting: {problem}" if problem else "starting")
        if problem:
            log.warning("%s", problem)
        holder = msgspec.structs.replace(self._holder, waits_for=problem)
        with suppress(StorageError):
            await state_disk.run(self._lock.tell, holder)


async def tell_nobody(problem: str, state_disk: DiskThreads) -> None:
    """Stand in until a daemon says how a start tells its wait."""
