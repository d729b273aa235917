"""The pictures that each post shows, and the posts that show a picture."""

import os

from narrated.ledger.database import Repository


class ShownPictures(Repository):
    """Pairs of post and picture, recorded when the post is planned."""

    def record(self, post: str, pictures: dict[str, str]) -> None:
        """Replace a post's pictures: path to sha256, '' for a missing picture."""
        with self._db.transaction():
            self._db.execute("DELETE FROM shows WHERE post = ?", (os.fsencode(post),))
            self._db.executemany(
                "INSERT INTO shows VALUES (?, ?, ?)",
                [(os.fsencode(post), os.fsencode(path), sha) for path, sha in pictures.items()],
            )

    def of_post(self, post: str) -> set[str]:
        """Return the pictures that a post showed when it was last planned."""
        rows = self._db.execute("SELECT picture FROM shows WHERE post = ?", (os.fsencode(post),))
        return {os.fsdecode(picture) for (picture,) in rows}

    def posts_showing(self, picture: str) -> dict[str, str]:
        """Return the posts in the inbox that show a picture, each with the sha256 it read."""
        rows = self._db.execute(
            "SELECT shows.post, shows.sha256 FROM shows JOIN sources ON sources.path = shows.post"
            " WHERE shows.picture = ? AND sources.gone_at IS NULL",
            (os.fsencode(picture),),
        )
        return {os.fsdecode(post): sha256 for post, sha256 in rows}

    def left_behind(self) -> dict[str, list[str]]:
        """Return pictures without a job whose posts the daemon removed, each with those posts.

        A picture that came again after its post was done is not among them.
        """
        rows = self._db.execute(
            "SELECT sources.path, shows.post FROM sources JOIN shows"
            " ON shows.picture = sources.path AND shows.sha256 = sources.sha256"
            " WHERE sources.gone_at IS NULL"
            " AND EXISTS (SELECT 1 FROM jobs WHERE path = shows.post AND state = 'done')"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE path = sources.path"
            "  AND state NOT IN ('superseded', 'removed') AND (state <> 'queued' OR created_at >"
            "  (SELECT max(done_at) FROM jobs AS posts WHERE path = shows.post)))"
            " AND NOT EXISTS (SELECT 1 FROM shows AS others JOIN sources AS posts"
            "  ON posts.path = others.post WHERE others.picture = sources.path)"
        )
        left: dict[str, list[str]] = {}
        for picture, post in rows:
            left.setdefault(os.fsdecode(picture), []).append(os.fsdecode(post))
        return left

    def without_post_or_job(self) -> list[str]:
        """Return the files that no post shows, and that no job was created for.

        A file whose newest job was removed is not among them: the user cancelled it, or does not
        want it.
        """
        rows = self._db.execute(
            "SELECT path FROM sources WHERE gone_at IS NULL AND sha256 <> ''"
            " AND NOT EXISTS (SELECT 1 FROM shows JOIN sources AS posts ON posts.path = shows.post"
            "  WHERE shows.picture = sources.path AND posts.gone_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE id ="
            "  (SELECT max(id) FROM jobs AS versions WHERE versions.path = sources.path)"
            "  AND (state = 'removed'"
            "   OR (state <> 'superseded' AND source_sha256 = sources.sha256)))"
        )
        return [os.fsdecode(path) for (path,) in rows]
