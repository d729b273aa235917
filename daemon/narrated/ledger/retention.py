"""What nobody will ask for again leaves the ledger: it grows with the inbox, not with the years."""

from narrated.ledger.database import Database

MOST_VERSIONS = 100
"""How many past versions of a file are remembered."""
LONGEST_S = 366 * 86_400
"""And for how long."""

_ENDED = "('superseded', 'removed')"
_GONE = (
    "gone_at <= ? AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.path = sources.path"
    f" AND state NOT IN {_ENDED})"
)
"""Sources of which nothing stands, nor is to be done."""
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
"""The newest version of a file that is there says how it stands, however old it is."""


class Retention(Database):
    """Forgets what has no file, no narration and no job any more, and versions long past."""

    def forget_bygones(self, now: float, gone_s: float) -> None:
        """Forget what is past at a time; files that have been gone for so long, at the earliest."""
        with self.transaction():
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
