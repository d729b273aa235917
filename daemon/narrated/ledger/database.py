"""The ledger's SQLite file: opening, migration, transactions, and setting a damaged file aside."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from narrated.errors import NarratedError, StorageError
from narrated.ledger import schema
from narrated.ledger.connection import DamagedLedger, LedgerConnection, LedgerCursor


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
        _give_log_rights(path)
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=LedgerConnection
            )
        except sqlite3.Error as error:
            raise _unopened(path, str(error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            raise _unopened(path, str(error)) from error
        except NarratedError:
            self.close()
            raise

    def _prepare(self) -> None:
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            " PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 250;"
        )
        self._migrate()

    def _migrate(self) -> None:
        version = int(self.execute("PRAGMA user_version").fetchone()[0])
        self._check_schema(version)
        for number, sql in enumerate(schema.migrations()[version:], start=version + 1):
            self._connection.executescript(f"BEGIN; {sql} PRAGMA user_version = {number}; COMMIT;")

    def _check_schema(self, version: int) -> None:
        try:
            schema.check(self._connection, self.path, version)
        except schema.UnknownLedger:
            self.examine()  # a damaged file may look like another schema
            raise

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

    def examine(self) -> None:
        """Check the whole file; DamagedLedger if SQLite finds damage.

        This takes 0.2 s of CPU for 10,000 narrations, so that each start does it: a disk loses
        pages after a clean end as well.
        """
        found = str(self.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise DamagedLedger(found)

    def execute(self, sql: str, parameters: Any = ()) -> LedgerCursor:
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any]) -> LedgerCursor:
        return self._connection.executemany(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside or nothing; a transaction inside another joins it."""
        if self.in_transaction:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self._afterwards.clear()
            self._roll_back()
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

    def _roll_back(self) -> None:
        if self.in_transaction:
            with suppress(StorageError):  # the cause of the failure may stop this too
                self.execute("ROLLBACK")


class Repository:
    """Base of the ledger's parts: each holds the queries about one subject.

    They share one connection, so that a transaction of the ledger spans them all.
    """

    def __init__(self, database: Database) -> None:
        self._db = database


def _give_log_rights(path: Path) -> None:
    """Give the log the ledger's rights, if the ledger has become writable again.

    SQLite creates the log with the ledger's rights of that moment, and never changes them.
    """
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists() and os.access(path, os.W_OK) and not os.access(log, os.W_OK):
            with suppress(OSError):  # SQLite then reports the reason
                log.chmod(path.stat().st_mode & 0o777)


def set_aside(path: Path) -> Path:
    """Rename a damaged ledger to a free name, and return its new path.

    Its log goes first: SQLite would read a log left behind as the next ledger's.
    Errors: StorageError.
    """
    aside = next(each for each in _asides(path) if not each.exists())
    try:
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    except OSError as error:
        raise StorageError(
            f"The damaged ledger {path} cannot be set aside: {error.strerror}.",
            "Give the account that runs narrated the right to write in its folder.",
        ) from error
    return aside


def last_aside(path: Path) -> Path | None:
    """The newest damaged ledger that was set aside; None if there is none."""
    kept = path.parent.glob(f"{path.stem}.damaged-*{path.suffix}")
    return max(kept, key=lambda each: each.stat().st_ctime_ns, default=None)


def _asides(path: Path) -> Iterator[Path]:
    name = f"{path.stem}.damaged-{datetime.now().astimezone():%Y-%m-%d}"
    yield path.with_name(f"{name}{path.suffix}")
    for number in count(2):
        yield path.with_name(f"{name}-{number}{path.suffix}")


def _unopened(path: Path, reason: str) -> StorageError:
    return StorageError(
        f"The ledger {path} cannot be opened: {reason}.",
        "Make sure that its folder exists, is writable, and has room.",
    )
