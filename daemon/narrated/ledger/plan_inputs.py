"""Which settings and lexicons each post was planned with, and which posts another would change."""

import os
from collections.abc import Mapping

from narrated.ledger.database import Database

_PLANNED = (
    "SELECT sources.path FROM sources JOIN jobs ON jobs.id ="
    " (SELECT max(id) FROM jobs WHERE jobs.path = sources.path AND"
    "  (state NOT IN ('superseded', 'removed') OR reason = 'unwanted'))"
    " WHERE sources.gone_at IS NULL AND jobs.state <> 'queued' AND "
)
"""Posts that are there and were planned, or failed, or wait; one that is queued still will be."""


class PlanInputs(Database):
    """Posts, and the files that hold for them."""

    def keep_consulted(self, post: str, consulted: Mapping[str, str]) -> None:
        """With which files (path to sha256) a post was planned, or failed, instead of before.

        '' stands for one that the post or its folders' settings name and that is not there.
        """
        with self.transaction():
            self._db.execute("DELETE FROM consulted WHERE post = ?", (os.fsencode(post),))
            self._db.executemany(
                "INSERT INTO consulted VALUES (?, ?, ?)",
                [(os.fsencode(post), os.fsencode(path), sha) for path, sha in consulted.items()],
            )

    def consulted(self, post: str) -> dict[str, str]:
        """The files that a post was planned with when it last was, and as what they were read."""
        rows = self._db.execute(
            "SELECT path, sha256 FROM consulted WHERE post = ?", (os.fsencode(post),)
        )
        return {os.fsdecode(path): sha256 for path, sha256 in rows}

    def planned_with_another(self, path: str, sha256: str) -> list[str]:
        """The posts that were planned with another content of a file; '' says that it is gone."""
        rows = self._db.execute(
            f"{_PLANNED} sources.path IN"
            " (SELECT post FROM consulted WHERE consulted.path = ? AND sha256 <> ?)",
            (os.fsencode(path), sha256),
        )
        return [os.fsdecode(post) for (post,) in rows]

    def planned_without(self, path: str) -> list[str]:
        """The posts in a file's folder and below that were planned when it was not there."""
        folder = os.fsencode(path.rpartition("/")[0])
        within = "sources.path > ? AND sources.path < ?" if folder else "1"
        bounds = (folder + b"/", folder + b"0") if folder else ()  # "0" comes next after "/"
        rows = self._db.execute(
            f"{_PLANNED} {within} AND NOT EXISTS"
            " (SELECT 1 FROM consulted WHERE post = sources.path AND consulted.path = ?)",
            (*bounds, os.fsencode(path)),
        )
        return [os.fsdecode(post) for (post,) in rows]
