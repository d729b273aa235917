"""What models were seen to take of a device, remembered for the next worker."""

import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from narrated.errors import StorageError
from narrated.ledger.store import Ledger


class Measured(MutableMapping[str, int]):
    """Bytes by key, in the ledger; what cannot be written there is remembered for this life."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._bytes = ledger.measured()

    def __getitem__(self, key: str) -> int:
        return self._bytes[key]

    def __setitem__(self, key: str, size_bytes: int) -> None:
        self._bytes[key] = size_bytes
        with suppress(StorageError):
            self._ledger.keep_measured(key, size_bytes)

    def __delitem__(self, key: str) -> None:
        raise NotImplementedError("what was measured stays measured")

    def __iter__(self) -> Iterator[str]:
        return iter(self._bytes)

    def __len__(self) -> int:
        return len(self._bytes)


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
