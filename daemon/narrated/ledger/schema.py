"""The ledger's schema: runs numbered migrations, and checks that a file has the expected tables."""

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
    """Read the SQL files `0001_….sql` and so on: a ledger of version n has run the first n."""
    files = (each for each in resources.files(__package__).iterdir() if each.name.endswith(".sql"))
    return tuple(each.read_text("utf-8") for each in sorted(files, key=lambda each: each.name))


def migrate(cursor: sqlite3.Cursor, path: Path) -> None:
    """Run the migrations that a ledger has not run yet.

    Raises UnknownLedger unless its tables are those of its version: a later INSERT would otherwise
    fail as if the disk refused it. The check takes about 1 ms.
    """
    version = int(cursor.execute("PRAGMA user_version").fetchone()[0])
    _check(cursor, path, version)
    for number, sql in enumerate(migrations()[version:], start=version + 1):
        cursor.executescript(f"BEGIN; {sql} PRAGMA user_version = {number}; COMMIT;")


def tables(cursor: sqlite3.Cursor) -> Tables:
    """Read the tables of a database with their columns."""
    found: dict[str, tuple[tuple[object, ...], ...]] = {}
    columns = cursor.execute(
        "SELECT tables.name, columns.* FROM sqlite_master AS tables,"
        " pragma_table_info(tables.name) AS columns"
        " WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'"
    )
    for table, _, *column in columns:
        found[table] = (*found.get(table, ()), tuple(column))
    return found


@cache
def _expected(version: int) -> Tables:
    with closing(sqlite3.connect(":memory:")) as connection:
        cursor = connection.executescript("".join(migrations()[:version]))
        return tables(cursor)


def _check(cursor: sqlite3.Cursor, path: Path, version: int) -> None:
    if version > len(migrations()):
        raise UnknownLedger(
            f"The ledger {path} was written by a newer narrated: its schema is version {version},"
            f" and this one knows up to {len(migrations())}.",
            _ADVICE,
        )
    found, expected = tables(cursor), _expected(version)
    different = [name for name in expected if found.get(name) != expected[name]]
    if different or (not version and found):
        names = ", ".join(f"`{name}`" for name in different or sorted(found))
        raise UnknownLedger(
            f"The ledger {path} has an unknown schema: it says version {version}, but these"
            f" tables are missing or different: {names}.",
            _ADVICE,
        )
