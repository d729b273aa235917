"""Moves the ledger's write-ahead log into its file, apart from the event loop."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from narrated.ledger.store import Ledger
from narrated.service.housekeeping.duty import Duty

MANY_CHANGES = 500
"""Changed rows after which the log has some megabytes."""
LONGEST_S = 60.0
"""The longest time that a change stays in the log alone."""


@dataclass(eq=False)
class LedgerCheckpoints(Duty):
    """Checkpoints in a thread: its syncs take as long as the disk does, and commits go on."""

    _ledger: Ledger
    _read_apart: Callable[[Callable[[Ledger], None]], Awaitable[None]]
    _moved: int = 0
    """The ledger's count of changes at the last checkpoint."""
    _moved_s: float = 0.0

    async def turn(self) -> None:
        """Checkpoint once enough has changed, or a change is old. Errors: StorageError."""
        changes = self._ledger.changes
        is_old = time.monotonic() - self._moved_s >= LONGEST_S
        if changes - self._moved >= (1 if is_old else MANY_CHANGES):
            self._moved, self._moved_s = changes, time.monotonic()
            await self._read_apart(Ledger.checkpoint)
