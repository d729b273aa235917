"""What models were seen to take of a device, remembered for the next worker."""

import sqlite3
from collections import UserDict
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from narrated.errors import StorageError
from narrated.ledger.store import Ledger


class MemoryStatistics(UserDict[str, int]):
    """Bytes by key, in the ledger; what cannot be written there is remembered for this life."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger: Ledger | None = None
        super().__init__(ledger.measured())
        self._ledger = ledger

    def __setitem__(self, key: str, size_bytes: int) -> None:
        super().__setitem__(key, size_bytes)
        if self._ledger is not None:  # else it comes from there
            with suppress(StorageError):
                self._ledger.keep_measured(key, size_bytes)


def remembered(path: Path) -> dict[str, int]:
    """What a ledger's file holds of it, for who only looks: nothing is made beside the file.

    Empty where it cannot be read.
    """
    try:
        place = f"file:{quote(str(path))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(place, uri=True)) as db:
            return dict(db.execute("SELECT key, size_bytes FROM measured").fetchall())
    except sqlite3.Error:
        return {}
