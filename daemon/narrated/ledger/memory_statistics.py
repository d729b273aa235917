"""Measured memory of models, kept in the ledger for the next worker."""

from collections import UserDict
from contextlib import suppress

from narrated.errors import StorageError
from narrated.ledger.store import Ledger


class MemoryStatistics(UserDict[str, int]):
    """Bytes by key. If the ledger refuses a write, the figure lasts until the daemon ends."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.data.update(ledger.host.memory())
        self._ledger = ledger

    def __setitem__(self, key: str, size_bytes: int) -> None:
        super().__setitem__(key, size_bytes)
        with suppress(StorageError):
            self._ledger.host.record_memory(key, size_bytes)
