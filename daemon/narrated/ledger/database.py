"""The ledger's connection to SQLite: opened, migrated, and used in transactions."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib import resources
from itertools import count
from pathlib import Path

from narrated.errors import StorageError
from narrated.ledger.connection import DamagedLedger, LedgerConnection

SCHEMA = (
    "0001_schema.sql",
    "0002_plan_inputs.sql",
    "0003_memory_statistics.sql",
    "0004_host_state.sql",
)
"""One step a version: a ledger of version n has taken the first n of them."""
SCHEMA_VERSION = len(SCHEMA)


class Database:
    """One SQLite file with the ledger's schema.

    Write-ahead logging without a sync at each commit: a crash of the process loses nothing. A
    loss of power may lose the last moves, never their order, and publishing is repeatable.
    Whatever SQLite refuses is a StorageError, what it finds damaged a DamagedLedger.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._afterwards: list[Callable[[], None]] = []
        _let_log_follow(path)
        try:
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=LedgerConnection
            )
        except sqlite3.Error as error:
            raise _unopened(path, str(error)) from error
        try:
            self._db.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                " PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 250;"
            )
            self._migrate()
        except sqlite3.Error as error:
            self._db.close()
            raise _unopened(path, str(error)) from error
        except StorageError:
            self._db.close()
            raise

    @property
    def changes(self) -> int:
        """Grows with every change: whoever saw this number before has seen all there is."""
        return self._db.total_changes

    @property
    def damage(self) -> str:
        """What was found damaged, whoever met it; empty as long as all is well."""
        return self._db.damage

    def close(self) -> None:
        self._db.close()

    def examine(self) -> None:
        """Look through the whole file; DamagedLedger where it is not what was written there.

        0.2 s of CPU for 10,000 narrations, so that it is done at each start: a disk loses pages
        after a clean end as well.
        """
        found = str(self._db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise DamagedLedger(found)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another joins it."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._afterwards.clear()
            self._roll_back()
            raise
        while self._afterwards:
            self._afterwards.pop(0)()

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call this once what goes on is committed, at once where nothing is; else never."""
        if self._db.in_transaction:
            self._afterwards.append(call)
        else:
            call()

    def _migrate(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
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
            with suppress(StorageError):  # what stood in the way of the transaction may still do
                self._db.execute("ROLLBACK")


def _let_log_follow(path: Path) -> None:
    """Give the log the ledger's rights, once that can be written again.

    SQLite makes a log with the rights that the ledger has just then, and never looks at them again.
    """
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists() and os.access(path, os.W_OK) and not os.access(log, os.W_OK):
            with suppress(OSError):  # then SQLite says what is wrong
                log.chmod(path.stat().st_mode & 0o777)


def set_aside(path: Path) -> Path:
    """Give a damaged ledger another name, never one that is taken; gives back where it is now.

    Its log goes first: SQLite would take one that is left behind for the next ledger's.
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
    """The ledger that was set aside last; None where there is none."""
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
        "See that its folder is there, writable, and has room.",
    )
