"""SQLite's connection, whose refusals are told in our words: what waits, and what is damaged."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Self

from narrated.errors import StorageError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


class DamagedLedger(StorageError):
    """The ledger's file is not what was written there; the next start makes a new one."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The ledger is damaged: {reason}.",
            "The daemon sets it aside when it starts, and makes a new one from the outbox.",
        )


class LedgerConnection(sqlite3.Connection):
    """Raises StorageError where SQLite refuses, DamagedLedger where it finds damage."""

    damage = ""
    """The first damage found."""

    def execute(self, sql: str, parameters: Any = (), /) -> "LedgerCursor":
        return self.cursor(LedgerCursor).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> "LedgerCursor":
        return self.cursor(LedgerCursor).executemany(sql, parameters)

    def executescript(self, script: str, /) -> "LedgerCursor":
        return self.cursor(LedgerCursor).executescript(script)


class LedgerCursor(sqlite3.Cursor):
    """A cursor of such a connection; rows are read from the disk as they are fetched."""

    connection: LedgerConnection

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        try:
            return super().execute(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        try:
            return super().executemany(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def executescript(self, script: str, /) -> Self:
        try:
            super().executescript(script)
            return self
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.DatabaseError) -> Exception:
        code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else 0
        if code in _DAMAGED:
            self.connection.damage = self.connection.damage or str(error)
            return DamagedLedger(str(error))
        if isinstance(error, sqlite3.OperationalError):
            return _refused(error, code)
        return error  # a defect, such as a row that the schema does not allow


def _refused(error: sqlite3.OperationalError, code: int) -> StorageError:
    remedy = "Make room on the disk of the state folder, or mend its rights"
    if code in _READ_ONLY:
        remedy = "Put the ledger back where it was, or mend the rights of the state folder"
    return StorageError(
        f"The ledger cannot be used: {error}.", f"{remedy}; the work goes on by itself."
    )
