"""Checks of the host: systemd's watchdog, the outbox's mount, and the clock."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from narrated.disk_threads import DiskThreads
from narrated.errors import FolderLost, StorageError
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import TakeCache
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.name_probe import NameProbe
from narrated.service.housekeeping import duty
from narrated.service.housekeeping.duty import Duty
from narrated.service.state_lock import StateLock
from narrated.systemd_notify import ServiceNotifier

STEP_S = 2.0
"""A clock that is off by more than this was set."""
RECORD_S = 3600.0

log = logging.getLogger("narrated")


@dataclass(eq=False)
class Watchdog(Duty):
    """Tells systemd that the daemon is alive while its loop and the inbox's thread move.

    It touches no disk: a disk that hangs does not mean that the daemon does.
    """

    _notifier: ServiceNotifier
    _is_alive: Callable[[], bool]

    async def turn(self) -> float:
        """Feed the watchdog if the daemon is alive."""
        if self._is_alive():
            self._notifier.alive()
        limit_s = self._notifier.watchdog_s
        return min(duty.TURN_S, limit_s / 3) if limit_s else duty.TURN_S


@dataclass(eq=False)
class StateCheck(Duty):
    """Ends the daemon once its state folder was removed or replaced: what it writes is lost."""

    _lock: StateLock
    _disk: DiskThreads

    async def turn(self) -> None:
        """Look for the folder. Errors: FolderLost; StorageError if the disk does not answer."""
        await self._disk.run(self._lock.check)


@dataclass(eq=False)
class CacheFolder(Duty):
    """Makes the cache folder again after somebody removed it: its takes are spoken again.

    In a systemd unit only systemd can do that, at a start: the folder around it is read-only.
    """

    _cache: TakeCache
    _disk: DiskThreads
    _is_systemds: bool = field(default_factory=lambda: "CACHE_DIRECTORY" in os.environ)

    async def turn(self) -> None:
        """Make what is missing. Errors: StorageError; FolderLost if only a new start makes it."""
        try:
            await self._disk.run(self._cache.make_folders)
        except StorageError as error:
            if self._is_systemds and await self._disk.run(self._cache.is_gone):
                raise FolderLost(error.problem, "Start the daemon again (systemd does).") from error
            raise


@dataclass(eq=False)
class MountCheck(Duty):
    """Notices an outbox that cannot be written, that hangs, or whose disk is not mounted.

    And one that takes other names than before, because another disk is mounted.
    """

    _mount_guard: MountGuard
    _name_probe: NameProbe
    _disk: DiskThreads

    async def turn(self) -> None:
        """Update `MountGuard.problem` and `NameProbe.rules`.

        Errors: StorageError if the disk does not answer.
        """
        await self._disk.run(self._look)

    def _look(self) -> None:
        self._mount_guard.look()
        if self._mount_guard.problem is None:
            with suppress(StorageError):  # a full disk, say: it is asked again
                self._name_probe.look()


class ClockAdjustment(Duty):
    """Counts the age of a deleted source only while a daemon runs, however the clock is set.

    If the wall clock is set, the ledger counts the step. At a start it counts all the time without
    a daemon as one, since nothing distinguishes that from a clock that was set ahead.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._wall_s, self._monotonic_s = time.time(), time.monotonic()
        self._recorded_s = self._monotonic_s

    async def turn(self) -> None:
        """Keep the ledger's ages if the clock was set. Errors: StorageError."""
        self.check()

    def start(self) -> None:
        """Keep the ledger's ages over the time without a daemon. Errors: StorageError."""
        self._wall_s, self._monotonic_s = time.time(), time.monotonic()
        recorded = self._ledger.last_run.time()
        with self._ledger.transaction():
            if recorded is not None:
                self._ledger.sources.keep_ages(self._wall_s - recorded)
                # A daemon that was killed may have recorded files after this time.
                self._ledger.sources.bring_times_to_now()
            self._ledger.last_run.record_time(self._wall_s)

    def record(self) -> None:
        """Check the clock, and record the time whether or not it was set. Errors: StorageError."""
        self.check()
        self.stop()

    def check(self) -> None:
        """Keep the ledger's ages if the clock was set; after a StorageError, check again."""
        wall_s, monotonic_s = time.time(), time.monotonic()
        step_s = (wall_s - self._wall_s) - (monotonic_s - self._monotonic_s)
        is_set = abs(step_s) > STEP_S
        if not is_set and monotonic_s - self._recorded_s < RECORD_S:
            return
        with self._ledger.transaction():
            if is_set:
                self._ledger.sources.keep_ages(step_s)
            self._ledger.last_run.record_time(wall_s)
        if is_set:
            log.warning("the clock was set by %+.0f s", step_s)
        self._wall_s, self._monotonic_s, self._recorded_s = wall_s, monotonic_s, monotonic_s

    def stop(self) -> None:
        """Record the time of the daemon's end. Errors: StorageError."""
        self._ledger.last_run.record_time(time.time())
