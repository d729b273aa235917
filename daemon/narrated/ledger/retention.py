"""Retention: the ledger forgets old records, so that it grows with the inbox and not with time."""

from narrated.ledger.database import Repository

MOST_VERSIONS = 100
"""The number of past versions kept of a file."""
LONGEST_S = 366 * 86_400
"""The time that past versions are kept."""

_ENDED = "('superseded', 'removed')"
_GONE = (
    "gone_at <= ? AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.path = sources.path"
    f" AND state NOT IN {_ENDED})"
)
"""Sources that are gone and have no narration and no job to do."""
_OF_FILES = (("stems", "path"), ("choices", "path"), ("shows", "post"), ("consulted", "post"))
_PAST = f"""
DELETE FROM jobs WHERE state IN {_ENDED} AND id IN (
    SELECT id FROM (
        SELECT id, path, changed_at, row_number() OVER (PARTITION BY path ORDER BY id DESC) AS age
        FROM jobs
    ) AS versions
    WHERE age > ? OR (changed_at < ? AND (age > 1 OR NOT EXISTS
        (SELECT 1 FROM sources WHERE sources.path = versions.path)))
)
"""
"""Old versions. The newest version of a file in the inbox stays, however old: it is its status."""


class Retention(Repository):
    """Deletes records of files without file, narration and job, and old versions."""

    def prune(self, now: float, gone_s: float) -> None:
        """Delete records that are past at a time; a file's only if it was gone for `gone_s`."""
        with self._db.transaction():
            self._db.execute(f"DELETE FROM sources WHERE {_GONE}", (now - gone_s,))
            for table, file in _OF_FILES:
                self._db.execute(
                    f"DELETE FROM {table} WHERE NOT EXISTS"
                    f" (SELECT 1 FROM sources WHERE sources.path = {table}.{file})"
                    f" AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.path = {table}.{file}"
                    f" AND state NOT IN {_ENDED})"
                )
            self._db.execute(_PAST, (MOST_VERSIONS, now - LONGEST_S))
            self._db.execute(
                "DELETE FROM deaths WHERE key NOT GLOB 'caption-*' AND NOT EXISTS"
                " (SELECT 1 FROM chunks WHERE chunks.key = deaths.key)"
            )
