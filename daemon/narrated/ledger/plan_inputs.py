"""The settings and lexicons of each planned post, and the posts that a change affects."""

import os
from collections.abc import Mapping

from narrated.ledger.database import Repository

_PLANNED = (
    "SELECT sources.path FROM sources JOIN jobs ON jobs.id ="
    " (SELECT max(id) FROM jobs WHERE jobs.path = sources.path AND"
    "  (state NOT IN ('superseded', 'removed') OR reason = 'unwanted'))"
    " WHERE sources.gone_at IS NULL AND jobs.state <> 'queued' AND "
)
"""Posts in the inbox that were planned, failed or wait. A queued post will read the new content."""


class PlanInputs(Repository):
    """Pairs of post and settings file or lexicon, recorded when the post is planned."""

    def record(self, post: str, files: Mapping[str, str]) -> None:
        """Replace the files (path to sha256) that a post was planned with, or failed with.

        '' stands for a file that is missing, though the post or its folders' settings name it.
        """
        with self._db.transaction():
            self._db.execute("DELETE FROM consulted WHERE post = ?", (os.fsencode(post),))
            self._db.executemany(
                "INSERT INTO consulted VALUES (?, ?, ?)",
                [(os.fsencode(post), os.fsencode(path), sha) for path, sha in files.items()],
            )

    def of_post(self, post: str) -> dict[str, str]:
        """Return the files that a post was last planned with, each with the sha256 it read."""
        rows = self._db.execute(
            "SELECT path, sha256 FROM consulted WHERE post = ?", (os.fsencode(post),)
        )
        return {os.fsdecode(path): sha256 for path, sha256 in rows}

    def posts_with_other(self, path: str, sha256: str) -> list[str]:
        """Return the posts planned with another content of a file; '' means it is gone."""
        rows = self._db.execute(
            f"{_PLANNED} sources.path IN"
            " (SELECT post FROM consulted WHERE consulted.path = ? AND sha256 <> ?)",
            (os.fsencode(path), sha256),
        )
        return [os.fsdecode(post) for (post,) in rows]

    def posts_without(self, path: str) -> list[str]:
        """Return the posts in a file's folder, or below it, that were planned without the file."""
        folder = os.fsencode(path.rpartition("/")[0])
        within = "sources.path > ? AND sources.path < ?" if folder else "1"
        bounds = (folder + b"/", folder + b"0") if folder else ()  # "0" comes next after "/"
        rows = self._db.execute(
            f"{_PLANNED} {within} AND NOT EXISTS"
            " (SELECT 1 FROM consulted WHERE post = sources.path AND consulted.path = ?)",
            (*bounds, os.fsencode(path)),
        )
        return [os.fsdecode(post) for (post,) in rows]
