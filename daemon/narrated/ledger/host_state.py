"""Facts about the machine: the last time a daemon ran, the outbox's device, models' memory."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from narrated.ledger.database import Repository

OUTBOX = "outbox"
"""Key of the outbox's device."""
RUNNING = "running"
"""Key of the time at which a daemon last ran."""

_DEVICE = "SELECT device FROM places WHERE name = ?"
_MEMORY = "SELECT key, size_bytes FROM measured"


class HostState(Repository):
    """Times, devices of folders and memory statistics, each by a key."""

    def record_time(self, name: str, at: float) -> None:
        """Record a time, in seconds since the epoch."""
        with self._db.transaction():
            self._db.execute("INSERT OR REPLACE INTO moments VALUES (?, ?)", (name, at))

    def recorded_time(self, name: str) -> float | None:
        row = self._db.execute("SELECT at FROM moments WHERE name = ?", (name,)).fetchone()
        return None if row is None else float(row[0])

    def record_device(self, name: str, device: int) -> None:
        """Record the device (st_dev) that a folder is on."""
        with self._db.transaction():
            self._db.execute("INSERT OR REPLACE INTO places VALUES (?, ?)", (name, device))

    def device(self, name: str) -> int | None:
        row = self._db.execute(_DEVICE, (name,)).fetchone()
        return None if row is None else int(row[0])

    def record_memory(self, key: str, size_bytes: int) -> None:
        """Record the memory that a model or its engine was measured to use on a device."""
        with self._db.transaction():
            self._db.execute("INSERT OR REPLACE INTO measured VALUES (?, ?)", (key, size_bytes))

    def memory(self) -> dict[str, int]:
        """Return measured bytes by key."""
        return dict(self._db.execute(_MEMORY).fetchall())


def device_in(path: Path, name: str) -> int | None:
    """Read a folder's device from a damaged ledger; None if it cannot be read."""
    rows = _read_only(path, _DEVICE, (name,))
    return int(rows[0][0]) if rows else None


def memory_in(path: Path) -> dict[str, int]:
    """Read measured memory from a ledger's file without creating files; empty if unreadable."""
    return dict(_read_only(path, _MEMORY))


def _read_only(path: Path, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
    try:
        address = f"file:{quote(str(path))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return connection.execute(sql, values).fetchall()
    except sqlite3.Error:
        return []
