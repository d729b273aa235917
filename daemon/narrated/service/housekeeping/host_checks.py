"""Checks the host: the outbox's mount, and the clock."""

import asyncio

from narrated.outbox.mount_guard import MountGuard
from narrated.service.clock_adjustment import ClockAdjustment


class MountCheck:
    """Notices an outbox that cannot be written, or whose disk is not mounted."""

    retry_s = None

    def __init__(self, mount_guard: MountGuard) -> None:
        self._mount_guard = mount_guard

    async def turn(self) -> None:
        """Update `MountGuard.problem`."""
        await asyncio.to_thread(self._mount_guard.look)


class ClockCheck:
    """Notices a clock that was set."""

    retry_s = None

    def __init__(self, clock: ClockAdjustment) -> None:
        self._clock = clock

    async def turn(self) -> None:
        """Adjust the ledger's ages to a clock that was set. Errors: StorageError."""
        self._clock.check()
