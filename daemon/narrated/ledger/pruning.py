"""Prunes old records, so that the ledger grows with the inbox and not with time."""

from collections.abc import Iterator

from narrated.ledger.database import Database
from narrated.ledger.source_clock import STEPS

MOST_VERSIONS = 100
"""The number of past versions kept of a file."""
LONGEST_S = 366 * 86_400
"""The time that past versions are kept."""
SLICE_ROWS = 500
"""Rows that one transaction looks at: it holds the event loop up for a few milliseconds."""

_LIVES = "SELECT 1 FROM jobs WHERE jobs.path = {} AND state NOT IN ('superseded', 'removed')"
"""The narration of a file, or a job to do."""
_OF_FILES = (
    ("stems", "path"),
    ("choices", "path"),
    ("shows", "post"),
    ("consulted", "post"),
    ("episodes", "path"),
    ("script_files", "path"),
)
_PAST = """
DELETE FROM jobs WHERE state IN ('superseded', 'removed') AND id IN (
    SELECT id FROM (
        SELECT id, path, changed_at, row_number() OVER (PARTITION BY path ORDER BY id DESC) AS age
        FROM jobs WHERE {range}
    ) AS versions
    WHERE age > :versions OR (changed_at < :now - :longest AND (age > 1 OR NOT EXISTS
        (SELECT 1 FROM sources WHERE sources.path = versions.path)))
)
"""
"""Old versions. The newest version of a file in the inbox stays, however old: it is its status."""
_HEARD_TAKE = "substr(deaths.key, 7, instr(substr(deaths.key, 7), '-') - 1)"
"""The key of the take that a hearing model was to hear: the middle of "heard-KEY-MODEL"."""
_PICTURES = """
DELETE FROM caption_pictures WHERE {range}
    AND asked_at < :now - (CASE sha256 WHEN '' THEN :longest ELSE :gone END)
    AND NOT EXISTS (SELECT 1 FROM sources WHERE sources.sha256 = caption_pictures.sha256)
"""
"""Pictures that are gone from the inbox, and were not asked for since."""


def prune(database: Database, now: float, gone_s: float) -> None:
    """Delete old versions, and all records of a file without narration and job.

    A file counts as gone if it was gone for `gone_s` at the time `now`.
    """
    for _ in prune_in_slices(database, now, gone_s):
        pass


def prune_in_slices(database: Database, now: float, gone_s: float) -> Iterator[None]:
    """Prune as `prune` does, one transaction at a time; a kill between two of them does no harm."""
    values = {"now": now, "gone": gone_s, "longest": LONGEST_S, "versions": MOST_VERSIONS}
    for table, key, delete in _deletions():
        within = f"{table}.{key} > :after AND {table}.{key} <= :upto"
        for after, upto in _ranges(database, table, key):
            bounds = {"after": after, "upto": upto}
            with database.transaction():
                database.execute(delete.format(range=within), {**values, **bounds})
            yield


def _deletions() -> Iterator[tuple[str, str, str]]:
    """Yield each table, the key by which it is walked, and the statement for a range of it."""
    lives = _LIVES.format("sources.path")
    gone = f"gone_at <= :now - :gone - {STEPS}"
    yield (
        "sources",
        "path",
        f"DELETE FROM sources WHERE {{range}} AND {gone} AND NOT EXISTS ({lives})",
    )
    for table, key in _OF_FILES:
        file = f"{table}.{key}"
        known = f"SELECT 1 FROM sources WHERE sources.path = {file}"
        unknown = f"NOT EXISTS ({known}) AND NOT EXISTS ({_LIVES.format(file)})"
        yield table, key, f"DELETE FROM {table} WHERE {{range}} AND {unknown}"
    yield "jobs", "path", _PAST
    yield "caption_pictures", "key", _PICTURES
    asked = "SELECT 1 FROM caption_pictures WHERE caption_pictures.key ="
    yield (
        "captions",
        "key",
        f"DELETE FROM captions WHERE {{range}} AND NOT EXISTS ({asked} captions.key)",
    )
    for table in ("verdicts", "take_measures"):
        yield table, "key", f"DELETE FROM {table} WHERE {{range}} AND NOT {_kept(f'{table}.key')}"
    yield (
        "deaths",
        "key",
        "DELETE FROM deaths WHERE {range} AND NOT EXISTS"
        " (SELECT 1 FROM chunks WHERE chunks.key = deaths.key)"
        f" AND (key NOT GLOB 'caption-*' OR NOT EXISTS ({asked} substr(deaths.key, 9)))"
        f" AND (key NOT GLOB 'heard-*-*' OR NOT {_kept(_HEARD_TAKE)})",
    )


def _kept(key: str) -> str:
    """The condition that a take is in the cache, or that an open job needs it."""
    tables = ("takes", "chunks")
    found = (f"EXISTS (SELECT 1 FROM {each} WHERE {each}.key = {key})" for each in tables)
    return f"({' OR '.join(found)})"


def _ranges(database: Database, table: str, key: str) -> Iterator[tuple[object, object]]:
    """Cut a table into ranges of its key; rows with the same key are never parted."""
    after: object = b"" if key in ("path", "post") else ""
    ahead = f"SELECT {key} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {SLICE_ROWS}"
    while after is not None:
        upto = database.execute(f"SELECT max({key}) FROM ({ahead})", (after,)).fetchone()[0]
        if upto is not None:
            yield after, upto
        after = upto
