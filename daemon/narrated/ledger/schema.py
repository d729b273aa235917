"""The ledger's schema: numbered migrations, and the check that a file has the expected tables."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from importlib import resources
from pathlib import Path

from narrated.errors import ConfigurationError

Tables = Mapping[str, tuple[tuple[object, ...], ...]]
"""Tables by name, each with its columns: name, type, NOT NULL, default, place in the key."""

_ADVICE = "Install the narrated that wrote it, or name another folder as `state:`."


class UnknownLedger(ConfigurationError):
    """This narrated does not know the ledger's schema; the file is left as it is.

    Waiting does not help, so that systemd does not restart the daemon (exit code 3).
    """


@cache
def migrations() -> tuple[str, ...]:
    """The SQL of each migration in order: a ledger of version n has run the first n.

    They are the package's files `0001_….sql`, `0002_….sql` and so on.
    """
    files = (each for each in resources.files(__package__).iterdir() if each.name.endswith(".sql"))
    ordered = sorted(files, key=lambda each: each.name)
    return tuple(each.read_text("utf-8") for each in ordered)


def check(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Raise UnknownLedger unless the tables of a ledger are those of its version.

    A later INSERT would otherwise fail as if the disk refused it. Takes about 1 ms.
    """
    if version > len(migrations()):
        raise UnknownLedger(
            f"The ledger {path} was written by a newer narrated: its schema is version {version},"
            f" and this one knows up to {len(migrations())}.",
            _ADVICE,
        )
    found, expected = tables(connection), _expected(version)
    different = [name for name in expected if found.get(name) != expected[name]]
    if different or (not version and found):
        names = ", ".join(f"`{name}`" for name in different or sorted(found))
        raise UnknownLedger(
            f"The ledger {path} has an unknown schema: it says version {version}, but these"
            f" tables are missing or different: {names}.",
            _ADVICE,
        )


def tables(connection: sqlite3.Connection) -> Tables:
    """Read the tables of a database with their columns."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {name: _columns(connection, name) for (name,) in names}


def _columns(connection: sqlite3.Connection, table: str) -> tuple[tuple[object, ...], ...]:
    described = connection.execute("SELECT * FROM pragma_table_info(?)", (table,)).fetchall()
    return tuple(tuple(column[1:]) for column in described)


@cache
def _expected(version: int) -> Tables:
    with closing(sqlite3.connect(":memory:")) as connection:
        for sql in migrations()[:version]:
            connection.executescript(sql)
        return tables(connection)
