"""What the ledger knows of the inbox's files, their names in the outbox, and who shows whom."""

import os
import time

from narrated.inbox.readiness import FileSignature
from narrated.ledger.database import Database


class Sources(Database):
    """Files by their paths in the inbox."""

    def known(self) -> dict[str, FileSignature]:
        """Every file already taken and still there, as the inbox wants to know it."""
        rows = self._db.execute(
            "SELECT path, inode, size, mtime_ns, ctime_ns FROM sources WHERE gone_at IS NULL"
        )
        return {os.fsdecode(path): FileSignature(*rest) for path, *rest in rows}

    def see(self, path: str, signature: FileSignature, sha256: str) -> None:
        """Note a file as it stands in the inbox now."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"
                " ON CONFLICT (path) DO UPDATE SET inode = excluded.inode, size = excluded.size,"
                " mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,"
                " sha256 = excluded.sha256, gone_at = NULL, seen_at ="
                " CASE WHEN gone_at IS NULL THEN seen_at ELSE excluded.seen_at END",
                (
                    os.fsencode(path),
                    signature.inode,
                    signature.size,
                    signature.mtime_ns,
                    signature.ctime_ns,
                    sha256,
                    time.time(),
                ),
            )

    def miss(self, path: str) -> None:
        """Note that a file is gone from the inbox."""
        with self.transaction():
            self._db.execute(
                "UPDATE sources SET gone_at = ? WHERE path = ? AND gone_at IS NULL",
                (time.time(), os.fsencode(path)),
            )

    def forget(self, path: str) -> None:
        """Drop a file that is gone and whose narration is withdrawn.

        Not which pictures it showed: it may be yet to be missed, and they become items then.
        """
        with self.transaction():
            for table in ("sources", "stems", "choices"):
                self._db.execute(f"DELETE FROM {table} WHERE path = ?", (os.fsencode(path),))
            self._db.execute("DELETE FROM consulted WHERE post = ?", (os.fsencode(path),))

    def source_sha256(self, path: str) -> str:
        """The digest of a file that is in the inbox and was taken; empty when it was not."""
        row = self._db.execute(
            "SELECT sha256 FROM sources WHERE path = ? AND gone_at IS NULL", (os.fsencode(path),)
        ).fetchone()
        return str(row[0]) if row else ""

    def signature(self, path: str) -> FileSignature | None:
        row = self._db.execute(
            "SELECT inode, size, mtime_ns, ctime_ns FROM sources"
            " WHERE path = ? AND gone_at IS NULL",
            (os.fsencode(path),),
        ).fetchone()
        return FileSignature(*row) if row else None

    def let_go(self, path: str, signature: FileSignature) -> None:
        """Forget a version that we took out of the inbox ourselves: it is not missed."""
        if self.signature(path) == signature:  # else the next one has come already
            with self.transaction():
                self._db.execute("DELETE FROM sources WHERE path = ?", (os.fsencode(path),))

    def left_pictures(self) -> dict[str, list[str]]:
        """Pictures that are no items, with the posts that showed them and that we took out.

        One that came again after its post was done is not among them.
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

    def gone(self, since: float | None = None) -> list[str]:
        """Files gone from the inbox, all or those gone since before a time."""
        rows = self._db.execute(
            "SELECT path FROM sources WHERE gone_at IS NOT NULL AND gone_at <= ?",
            (time.time() if since is None else since,),
        )
        return [os.fsdecode(path) for (path,) in rows]

    def arrived_since(self, sha256: str, moment: float) -> list[str]:
        """Files of this content that first came after a moment, the last to come first.

        What came "later than now", before the clock was set back, came long ago.
        """
        rows = self._db.execute(
            "SELECT path FROM sources WHERE gone_at IS NULL AND sha256 = ?"
            " AND seen_at BETWEEN ? AND ?"
            " AND path IN (SELECT path FROM jobs WHERE source_sha256 = ?) ORDER BY seen_at DESC",
            (sha256, moment, time.time(), sha256),
        )
        return [os.fsdecode(path) for (path,) in rows]

    def shift(self, seconds: float, recent_s: float) -> None:
        """Keep ages as they are where the clock was set by so much; `recent_s` before that counts.

        A file that came earlier has no age that anything hangs on. Nothing came or went later than
        now, which a daemon that was killed may not have said.
        """
        now = time.time()
        with self.transaction():
            self._db.execute(
                "UPDATE sources SET gone_at = min(gone_at + ?, ?) WHERE gone_at IS NOT NULL",
                (seconds, now),
            )
            self._db.execute(
                "UPDATE sources SET seen_at = min(seen_at + ?, ?) WHERE seen_at >= ?",
                (seconds, now, now - seconds - recent_s),
            )

    def stem_of(self, path: str) -> str | None:
        row = self._db.execute(
            "SELECT stem FROM stems WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return os.fsdecode(row[0]) if row else None

    def stem_holder(self, folded: str) -> str | None:
        """The source that a name in the outbox belongs to, however the laptop spells it."""
        row = self._db.execute(
            "SELECT path FROM stems WHERE folded = ?", (os.fsencode(folded),)
        ).fetchone()
        return os.fsdecode(row[0]) if row else None

    def assign_stem(self, path: str, stem: str, folded: str) -> None:
        with self.transaction():
            self._db.execute(
                "INSERT INTO stems VALUES (?, ?, ?)",
                (os.fsencode(path), os.fsencode(stem), os.fsencode(folded)),
            )

    def release_stem(self, path: str) -> None:
        with self.transaction():
            self._db.execute("DELETE FROM stems WHERE path = ?", (os.fsencode(path),))

    def keep_shown(self, post: str, pictures: dict[str, str]) -> None:
        """Which pictures (path to sha256, '' if missing) a post shows, instead of what it did."""
        with self.transaction():
            self._db.execute("DELETE FROM shows WHERE post = ?", (os.fsencode(post),))
            self._db.executemany(
                "INSERT INTO shows VALUES (?, ?, ?)",
                [(os.fsencode(post), os.fsencode(path), sha) for path, sha in pictures.items()],
            )

    def shown(self, post: str) -> set[str]:
        """The pictures that a post showed when it was last planned."""
        rows = self._db.execute("SELECT picture FROM shows WHERE post = ?", (os.fsencode(post),))
        return {os.fsdecode(picture) for (picture,) in rows}

    def shown_by(self, picture: str) -> dict[str, str]:
        """The posts that are there and show a picture, and the sha256 each was read with."""
        rows = self._db.execute(
            "SELECT shows.post, shows.sha256 FROM shows JOIN sources ON sources.path = shows.post"
            " WHERE shows.picture = ? AND sources.gone_at IS NULL",
            (os.fsencode(picture),),
        )
        return {os.fsdecode(post): sha256 for post, sha256 in rows}
