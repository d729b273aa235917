"""What the ledger knows of the box: when a daemon last ran, and on which device a folder was."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from narrated.ledger.database import Database

OUTBOX = "outbox"
"""The name of the place that narrations are put into."""
RUNNING = "running"
"""The name of the moment at which a daemon was last seen to run."""


class HostState(Database):
    """The clock as a daemon last saw it, and devices by the names of folders."""

    def mark(self, name: str, at: float) -> None:
        """Remember a time, in seconds since the epoch."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO moments VALUES (?, ?)", (name, at))

    def marked(self, name: str) -> float | None:
        row = self._db.execute("SELECT at FROM moments WHERE name = ?", (name,)).fetchone()
        return None if row is None else float(row[0])

    def keep_place(self, name: str, device: int) -> None:
        """Remember on which device a folder is, by its number (st_dev)."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO places VALUES (?, ?)", (name, device))

    def place(self, name: str) -> int | None:
        row = self._db.execute("SELECT device FROM places WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])


def place_in(path: Path, name: str) -> int | None:
    """What a damaged ledger still tells of a place; None where it tells nothing."""
    with suppress(sqlite3.Error):
        source = f"file:{quote(str(path))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(source, uri=True)) as db:
            row = db.execute("SELECT device FROM places WHERE name = ?", (name,)).fetchone()
            return None if row is None else int(row[0])
    return None
