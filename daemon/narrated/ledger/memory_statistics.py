"""Measured memory of models, kept in the ledger for the next worker."""

from collections import UserDict
from contextlib import suppress
from pathlib import Path

from narrated.errors import StorageError
from narrated.ledger.database import Database, query_file

_MEASURED = "SELECT key, size_bytes FROM measured"


class MemoryStatistics(UserDict[str, int]):
    """Bytes by key. If the ledger refuses a write, the figure lasts until the daemon ends."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.data.update(database.execute(_MEASURED).fetchall())
        self._db = database

    def __setitem__(self, key: str, size_bytes: int) -> None:
        super().__setitem__(key, size_bytes)
        with suppress(StorageError), self._db.transaction():
            self._db.execute("INSERT OR REPLACE INTO measured VALUES (?, ?)", (key, size_bytes))


def measured_memory_in(path: Path) -> dict[str, int]:
    """Read the measured bytes from a ledger's file by key; empty if it cannot be read."""
    return dict(query_file(path, _MEASURED))
