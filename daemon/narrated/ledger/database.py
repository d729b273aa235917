"""The ledger's connection to SQLite: opened, migrated, and used in transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from narrated.errors import StorageError

SCHEMA = ("schema.sql", "consulted.sql", "measured.sql")
"""One step a version: a ledger of version n has taken the first n of them."""
SCHEMA_VERSION = len(SCHEMA)


class Database:
    """One SQLite file with the ledger's schema.

    Write-ahead logging without a sync at each commit: a crash of the process loses nothing. A
    loss of power may lose the last moves, never their order, and publishing is repeatable.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                " PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;"
            )
            self._migrate()
        except sqlite3.Error as error:
            raise StorageError(
                f"The ledger {path} cannot be opened: {error}.",
                "See that its folder is there, writable, and has room.",
            ) from error

    @property
    def changes(self) -> int:
        """Grows with every change: whoever saw this number before has seen all there is."""
        return self._db.total_changes

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another joins it."""
        if self._db.in_transaction:
            yield
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _refused(error) from error
        try:
            yield
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._roll_back()
            raise _refused(error) from error
        except BaseException:
            self._roll_back()
            raise

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"The ledger was written by a newer narrated (schema {version}).",
                "Install that version again, or name another `state:` folder.",
            )
        for number, step in enumerate(SCHEMA[version:], start=version + 1):
            sql = resources.files("narrated.ledger").joinpath(step).read_text("utf-8")
            self._db.executescript(f"BEGIN; {sql} PRAGMA user_version = {number}; COMMIT;")

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _refused(error: sqlite3.OperationalError) -> StorageError:
    return StorageError(
        f"The ledger cannot be written: {error}.",
        "Make room on the disk of the state folder, or mend its rights.",
    )
