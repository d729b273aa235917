"""SQLite connection that raises StorageError and DamagedLedger with a remedy."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Self

from narrated.errors import StorageError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


class DamagedLedger(StorageError):
    """SQLite found damage in the ledger's file; the next start restores a new one."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The ledger is damaged: {reason}.",
            "Restart the daemon: it sets the ledger aside, and restores a new one from the outbox.",
        )


class LedgerConnection(sqlite3.Connection):
    """Raises StorageError if SQLite refuses, DamagedLedger if it finds damage."""

    damage = ""
    """The first damage found."""

    def execute(self, sql: str, parameters: Any = (), /) -> "LedgerCursor":
        return self.cursor(LedgerCursor).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> "LedgerCursor":
        return self.cursor(LedgerCursor).executemany(sql, parameters)

    def executescript(self, script: str, /) -> "LedgerCursor":
        return self.cursor(LedgerCursor).executescript(script)


class LedgerCursor(sqlite3.Cursor):
    """Its cursor. Rows are read from the disk as they are fetched, so fetching can fail too."""

    connection: LedgerConnection

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        try:
            return super().execute(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        try:
            return super().executemany(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error

    def executescript(self, script: str, /) -> Self:
        try:
            super().executescript(script)
            return self
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error

    def _translated(self, error: sqlite3.DatabaseError) -> Exception:
        code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else 0
        if code in _DAMAGED:
            self.connection.damage = self.connection.damage or str(error)
            return DamagedLedger(str(error))
        if isinstance(error, sqlite3.OperationalError):
            return _refused(error, code)
        return error  # a bug, such as a row that the schema does not allow


def _refused(error: sqlite3.OperationalError, code: int) -> StorageError:
    remedy = "Make room on the disk of the state folder, or mend its rights"
    if code in _READ_ONLY:
        remedy = "Put the ledger back where it was, or mend the rights of the state folder"
    return StorageError(
        f"The ledger cannot be used: {error}.", f"{remedy}; the work goes on by itself."
    )
