"""Inputs of planned posts: pictures, their captions, settings, lexicons; and an input's posts."""

import os
import time
from collections.abc import Collection, Iterable, Mapping

from narrated.ledger.database import Database, Repository

_PLANNED = (
    "SELECT sources.path FROM sources JOIN jobs ON jobs.id ="
    " (SELECT max(id) FROM jobs WHERE jobs.path = sources.path AND"
    "  (state NOT IN ('superseded', 'removed') OR reason = 'unwanted'))"
    " WHERE sources.gone_at IS NULL AND jobs.state <> 'queued' AND "
)
"""Posts in the inbox that were planned, failed or wait. A queued post will read the new content."""


class _Inputs(Repository):
    """A table of posts and files, each file with the sha256 that the post was planned with."""

    table: str
    file: str

    def record(self, post: str, files: Mapping[str, str]) -> None:
        """Replace the files (path to sha256) that a post was planned with, or failed with.

        '' stands for a file that is missing, though the post or its folders' settings name it.
        """
        if self.of_post(post) == files:
            return
        rows = [(os.fsencode(post), os.fsencode(path), sha) for path, sha in files.items()]
        with self._db.transaction():
            self._db.rows(f"DELETE FROM {self.table} WHERE post = ?", (os.fsencode(post),))
            self._db.executemany(f"INSERT INTO {self.table} VALUES (?, ?, ?)", rows)

    def of_post(self, post: str) -> dict[str, str]:
        """Return the files that a post was last planned with, each with the sha256 it read."""
        return self._files(
            f"SELECT {self.file}, sha256 FROM {self.table} WHERE post = ?", os.fsencode(post)
        )

    def _files(self, sql: str, *values: bytes) -> dict[str, str]:
        return {os.fsdecode(path): sha256 for path, sha256 in self._db.rows(sql, values)}


class ShownPictures(_Inputs):
    """Pairs of post and picture, recorded when the post is planned."""

    table, file = "shows", "picture"

    def add_unplanned(self, post: str, pictures: Iterable[str]) -> None:
        """Record pictures that a post is going to show; those that it shows already stay."""
        rows = [(os.fsencode(post), os.fsencode(picture), "") for picture in pictures]
        self._write_all("INSERT OR IGNORE INTO shows VALUES (?, ?, ?)", rows)

    def posts_showing(self, picture: str) -> dict[str, str]:
        """Return the posts in the inbox that show a picture, each with the sha256 it read."""
        return self._files(
            "SELECT shows.post, shows.sha256 FROM shows JOIN sources ON sources.path = shows.post"
            " WHERE shows.picture = ? AND sources.gone_at IS NULL",
            os.fsencode(picture),
        )

    def left_behind(self) -> dict[str, list[str]]:
        """Return pictures without a job whose posts the daemon removed, each with those posts.

        A picture that came again after its post was done is not among them.
        """
        rows = self._db.rows(
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
        return self._paths(
            "SELECT path FROM sources WHERE gone_at IS NULL AND sha256 <> ''"
            " AND NOT EXISTS (SELECT 1 FROM shows JOIN sources AS posts ON posts.path = shows.post"
            "  WHERE shows.picture = sources.path AND posts.gone_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE id ="
            "  (SELECT max(id) FROM jobs AS versions WHERE versions.path = sources.path)"
            "  AND (state = 'removed'"
            "   OR (state <> 'superseded' AND source_sha256 = sources.sha256)))"
        )


class ConsultedFiles(_Inputs):
    """Pairs of post and settings file or lexicon, recorded when the post is planned."""

    table, file = "consulted", "path"

    def readers_of_other(self, path: str, sha256: str, after: str, limit: int) -> list[str]:
        """Return the next posts recorded with another content of a file; '' means it is gone."""
        return self._paths(
            "SELECT post FROM consulted WHERE path = ? AND sha256 <> ? AND post > ?"
            " ORDER BY post LIMIT ?",
            os.fsencode(path),
            sha256,
            os.fsencode(after),
            limit,
        )

    def planned_among(self, posts: Collection[str]) -> list[str]:
        """Return those posts that are in the inbox, and were planned, failed or wait."""
        places = ", ".join("?" * len(posts))
        return self._paths(
            f"{_PLANNED} sources.path IN ({places}) ORDER BY sources.path", *map(os.fsencode, posts)
        )

    def sources_below(self, path: str, after: str, limit: int) -> list[str]:
        """Return the next sources in a file's folder, or below it, in order."""
        return self._paths(
            "SELECT path FROM sources WHERE path > ? AND path < ? ORDER BY path LIMIT ?",
            *_bounds(path, after),
            limit,
        )

    def posts_without(self, path: str, after: str, upto: str, limit: int) -> list[str]:
        """Return the next of those posts, up to a path, that were planned without the file."""
        return self._paths(
            f"{_PLANNED} sources.path > ? AND sources.path < ? AND sources.path <= ?"
            " AND NOT EXISTS"
            " (SELECT 1 FROM consulted WHERE post = sources.path AND consulted.path = ?)"
            " ORDER BY sources.path LIMIT ?",
            *_bounds(path, after),
            os.fsencode(upto),
            os.fsencode(path),
            limit,
        )


def _bounds(path: str, after: str) -> tuple[bytes, bytes]:
    """The paths between which lies whatever is in a file's folder, and comes after a path."""
    folder = os.fsencode(path.rpartition("/")[0])
    if not folder:
        return os.fsencode(after), b"\xff"
    return max(folder + b"/", os.fsencode(after)), folder + b"0"  # "0" comes next after "/"


class CaptionCache(Repository):
    """Captions by the cache keys of their pictures."""

    def ask(self, key: str, picture_sha256: str) -> None:
        """Record that a picture is about to be captioned: it counts as known while it is."""
        self._write(
            "INSERT OR REPLACE INTO caption_pictures VALUES (?, ?, ?)",
            key,
            picture_sha256,
            time.time(),
        )

    def get(self, key: str) -> str | None:
        caption: str | None = self._value("SELECT text FROM captions WHERE key = ?", key)
        return caption

    def record(self, key: str, text: str) -> None:
        with self._db.transaction():
            self._db.rows("INSERT OR REPLACE INTO captions VALUES (?, ?)", (key, text))
            note_caption(self._db, key)


def note_caption(database: Database, key: str) -> None:
    """Have pruning find whatever is kept about a caption, though its picture may be unknown."""
    row = (key, "", time.time())
    database.execute("INSERT OR IGNORE INTO caption_pictures VALUES (?, ?, ?)", row)
