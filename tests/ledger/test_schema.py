"""Ledgers of earlier versions are migrated; ledgers of an unknown schema are left as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.jobs import restore
from narrated.ledger.schema import UnknownLedger, migrations, tables
from narrated.ledger.set_aside import DamagedLedger
from narrated.ledger.store import Ledger

CHANGES = {
    "a missing table": ("DROP TABLE takes", "`takes`"),
    "a missing column": ("ALTER TABLE captions DROP COLUMN text", "`captions`"),
    "a renamed column": ("ALTER TABLE moments RENAME COLUMN at TO moment", "`moments`"),
    "a further column": ("ALTER TABLE deaths ADD COLUMN reason TEXT", "`deaths`"),
    "no version": ("PRAGMA user_version = 0", "says version 0"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of today's schema, closed."""
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    return path


def _run(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(sql)


@pytest.mark.parametrize("version", range(len(migrations())))
def test_earlier_ledger_is_migrated(path: Path, version: int) -> None:
    """A ledger of each earlier version gets the tables of today's."""
    earlier = path.with_name("earlier.sqlite")
    _run(earlier, "".join(migrations()[:version]) + f"PRAGMA user_version = {version}")
    Ledger(earlier).close()
    with closing(sqlite3.connect(earlier)) as migrated, closing(sqlite3.connect(path)) as new:
        assert tables(migrated.cursor()) == tables(new.cursor())
        assert migrated.execute("PRAGMA user_version").fetchone() == (len(migrations()),)


def test_migrations_are_in_order() -> None:
    """The first migration creates the ledger, and the folder's order is the order they run in."""
    assert "CREATE TABLE sources" in migrations()[0]
    assert "CREATE TABLE moments" in migrations()[3]


def test_newer_ledger_is_refused(path: Path) -> None:
    """A newer narrated's ledger is named as such, and stays where it is."""
    _run(path, "PRAGMA user_version = 99")
    with pytest.raises(UnknownLedger, match=r"newer narrated.*99.*Install the narrated") as refused:
        restore.opened(path)
    assert not isinstance(refused.value, StorageError)
    assert [each.name for each in path.parent.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("change", CHANGES)
def test_unknown_schema_is_refused(path: Path, change: str) -> None:
    """Tables that are not those of the version are named, and the file stays where it is."""
    sql, named = CHANGES[change]
    _run(path, sql)
    with pytest.raises(UnknownLedger, match=f"unknown schema.*{named}.*`state:`") as refused:
        restore.opened(path)
    assert not isinstance(refused.value, StorageError)
    assert [each.name for each in path.parent.iterdir()] == ["ledger.sqlite"]


def test_damage_is_not_a_schema(path: Path) -> None:
    """A damaged ledger is called damaged, though its tables are not those of its version."""
    _run(path, "DROP TABLE takes; PRAGMA journal_mode = DELETE")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096)
    with pytest.raises(DamagedLedger):
        Ledger(path)


def test_strange_table_is_ignored(path: Path) -> None:
    """A table of another program, such as a statistics tool, is no reason to refuse."""
    _run(path, "CREATE TABLE notes (text TEXT)")
    Ledger(path).close()
