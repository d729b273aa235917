"""The ledger's SQLite file: connection, transactions, queries, and errors with a remedy."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

from narrated import private_files
from narrated.errors import NarratedError, StorageError
from narrated.ledger.schema import UnknownLedger, migrate
from narrated.ledger.set_aside import DamagedLedger

Method = TypeVar("Method", bound=Callable[..., Any])

LOG_PAGES = 16_384
"""Pages in the write-ahead log, 64 MiB, at which a commit itself moves them into the file."""
_CHECKPOINTS = 8
_SUFFIXES = ("", "-wal", "-shm")

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


def _translating(method: Method) -> Method:
    @wraps(method)
    def translated(cursor: sqlite3.Cursor, *values: Any) -> Any:
        try:
            return method(cursor, *values)
        except sqlite3.DatabaseError as error:
            raise _translated(cast(LedgerConnection, cursor.connection), error) from error

    return cast(Method, translated)


class LedgerCursor(sqlite3.Cursor):
    """Raises StorageError if SQLite refuses, DamagedLedger if it finds damage.

    Rows are read from the disk as they are fetched, so fetching can fail too.
    """

    execute = _translating(sqlite3.Cursor.execute)
    executemany = _translating(sqlite3.Cursor.executemany)
    executescript = _translating(sqlite3.Cursor.executescript)
    fetchone = _translating(sqlite3.Cursor.fetchone)
    fetchall = _translating(sqlite3.Cursor.fetchall)
    __next__ = _translating(sqlite3.Cursor.__next__)


class LedgerConnection(sqlite3.Connection):
    """A connection that remembers damage."""

    damage = ""
    """The first damage found."""


class Database:
    """One SQLite file with the ledger's schema.

    It uses write-ahead logging without a sync at each commit. A crash of the process loses
    nothing. A power failure may lose the last moves, never their order; publishing is repeatable.
    Errors: StorageError if SQLite refuses, DamagedLedger if the file is damaged, UnknownLedger if
    its schema is unknown.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._afterwards: list[Callable[[], None]] = []
        _make_private(path)
        _give_log_rights(path)
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=LedgerConnection
            )
        except sqlite3.Error as error:
            raise _unopened(path, error) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            raise _unopened(path, error) from error
        except NarratedError:
            self.close()
            raise

    def _prepare(self) -> None:
        cursor = self._connection.cursor(LedgerCursor)
        cursor.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            " PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 250;"
            f" PRAGMA wal_autocheckpoint = {LOG_PAGES};"
        )
        try:
            migrate(cursor, self.path)
        except UnknownLedger:
            self.examine()  # a damaged file may look like another schema
            raise

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that SQLite holds open: the ledger, and its log beside it."""
        return tuple(self.path.with_name(self.path.name + suffix) for suffix in _SUFFIXES)

    @property
    def changes(self) -> int:
        """A number that grows with every change, so that an equal number means no news."""
        return self._connection.total_changes

    @property
    def damage(self) -> str:
        """The first damage that any query met; empty if none did."""
        return self._connection.damage

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        self._connection.close()

    def detach(self) -> Callable[[], None]:
        """Refuse all queries from now on; the result closes the file, in any thread.

        SQLite would crash if a query came on one thread while another closes the connection.
        """
        attached, self._connection = self._connection, _closed_connection()
        self._connection.damage = attached.damage
        return attached.close

    def examine(self) -> None:
        """Check the whole file; DamagedLedger if SQLite finds damage.

        This takes 0.2 s of CPU for 10,000 narrations, so that each start does it: a disk loses
        pages after a clean end as well.
        """
        found = str(self.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise DamagedLedger(found)

    def checkpoint(self) -> None:
        """Move the write-ahead log's pages into the file, and have the disk sync both.

        For a thread with a connection of its own: it holds up no commit. Those that come meanwhile
        are moved by another round, so that the next commit can begin a new log.
        """
        for _ in range(_CHECKPOINTS):
            _, logged, moved = self.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if moved == logged:
                return

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        return self._connection.cursor(LedgerCursor).execute(sql, parameters)

    def rows(self, sql: str, parameters: Any = ()) -> list[Any]:
        """Return all rows of a query; cheaper than to fetch them one by one."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise _translated(self._connection, error) from error

    def executemany(self, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        return self._connection.cursor(LedgerCursor).executemany(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside or nothing; a transaction inside another joins it."""
        if self.in_transaction:
            yield
            return
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            self._afterwards.clear()
            if self.in_transaction:
                with suppress(StorageError):  # the cause of the failure may stop this too
                    self.execute("ROLLBACK")
            raise
        calls, self._afterwards = self._afterwards, []  # a call may begin a transaction itself
        for call in calls:
            call()

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call this once the open transaction is committed, never if it is rolled back.

        Without an open transaction it is called at once.
        """
        if self.in_transaction:
            self._afterwards.append(call)
        else:
            call()


class Repository:
    """Base of the ledger's parts: each holds the queries about one subject.

    They share one connection, so that a transaction of the ledger spans them all.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def _value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row; None without a row."""
        rows = self._db.rows(sql, values)
        return rows[0][0] if rows else None

    def _paths(self, sql: str, *values: Any) -> list[str]:
        return [os.fsdecode(path) for (path,) in self._db.rows(sql, values)]

    def _write(self, sql: str, *values: Any) -> None:
        with self._db.transaction():
            self._db.rows(sql, values)

    def _write_all(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self._db.transaction():
            self._db.executemany(sql, rows)


def _closed_connection() -> LedgerConnection:
    connection = sqlite3.connect(":memory:", factory=LedgerConnection)
    connection.close()
    return connection


def query_file(path: Path, sql: str, *values: Any, is_live: bool = False) -> list[Any]:
    """Query a ledger's file, even a damaged one, and create no files; empty if unreadable.

    `is_live`: with the last writes of a daemon that runs.
    """
    try:
        address = f"file:{quote(str(path))}?mode=ro{'' if is_live else '&immutable=1'}"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return connection.execute(sql, values).fetchall()
    except sqlite3.Error:
        return []


def _translated(connection: LedgerConnection, error: sqlite3.DatabaseError) -> Exception:
    code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else 0
    if code in _DAMAGED:
        connection.damage = connection.damage or str(error)
        return DamagedLedger(str(error))
    if not isinstance(error, sqlite3.OperationalError):
        return error  # a bug, such as a row that the schema does not allow
    remedy = "Make room on the disk of the state folder, or mend its rights"
    if code in _READ_ONLY:
        remedy = "Put the ledger back where it was, or mend the rights of the state folder"
    return StorageError(
        f"The ledger cannot be used: {error}.", f"{remedy}; the work goes on by itself."
    )


def _unopened(path: Path, error: sqlite3.Error) -> StorageError:
    return StorageError(
        f"The ledger {path} cannot be opened: {error}.",
        "Make sure that its folder exists, is writable, and has room.",
    )


def _make_private(path: Path) -> None:
    """Keep the ledger to its owner and group; SQLite gives its log the same rights."""
    with suppress(OSError):  # SQLite then reports the reason
        private_files.create(path)
    for suffix in _SUFFIXES:
        private_files.restrict(path.with_name(path.name + suffix))


def _give_log_rights(path: Path) -> None:
    """Give the log the ledger's rights, if the ledger has become writable again.

    SQLite creates the log with the ledger's rights of that moment, and never changes them.
    """
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists() and os.access(path, os.W_OK) and not os.access(log, os.W_OK):
            with suppress(OSError):  # SQLite then reports the reason
                log.chmod(path.stat().st_mode & 0o777)
