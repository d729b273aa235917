"""The inbox's files as the ledger knows them, and their names in the outbox."""

import os
import time
from collections.abc import Collection

from msgspec.structs import astuple

from narrated.inbox.file_signature import FileSignature
from narrated.ledger.database import Repository
from narrated.ledger.held_posts import forget_unwanted
from narrated.ledger.source_clock import AT, STEP


class Sources(Repository):
    """Files by their paths in the inbox; a file that is absent keeps its row for a while.

    Callers give times of the wall clock; rows hold those of `source_clock`.
    """

    def known(self) -> dict[str, FileSignature]:
        """Return every recorded file that is not gone, for the scanner to compare with."""
        rows = self._db.execute(
            "SELECT path, inode, size, mtime_ns, ctime_ns FROM sources WHERE gone_at IS NULL"
        )
        return {os.fsdecode(path): FileSignature(*rest) for path, *rest in rows}

    def record(self, path: str, signature: FileSignature, sha256: str) -> None:
        """Record a file as it is in the inbox now."""
        self._write(
            f"INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, {AT}, NULL)"
            " ON CONFLICT (path) DO UPDATE SET inode = excluded.inode, size = excluded.size,"
            " mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,"
            " sha256 = excluded.sha256, gone_at = NULL, seen_at ="
            " CASE WHEN gone_at IS NULL THEN seen_at ELSE excluded.seen_at END",
            os.fsencode(path),
            *astuple(signature),
            sha256,
            time.time(),
        )

    def mark_gone(self, path: str) -> None:
        """Record that a file is gone from the inbox."""
        with self._db.transaction():
            self._db.rows(
                f"UPDATE sources SET gone_at = {AT} WHERE path = ? AND gone_at IS NULL",
                (time.time(), os.fsencode(path)),
            )
            forget_unwanted(self._db, path)

    def set_aside(self, path: str) -> None:
        """Record that a file is ignored: its content is unknown, and no version of it counts.

        The scanner misses it if it goes, and takes it as new when it is ignored no longer.
        """
        with self._db.transaction():
            self._db.rows(
                "UPDATE sources SET sha256 = '', mtime_ns = -1 WHERE path = ? AND gone_at IS NULL",
                (os.fsencode(path),),
            )
            forget_unwanted(self._db, path)

    def forget(self, path: str) -> None:
        """Delete a file that is gone and whose narration is withdrawn.

        The pictures it showed stay recorded: a picture whose deletion the scanner has yet to
        report would otherwise become a job of its own.
        """
        with self._db.transaction():
            for table in ("sources", "stems", "choices"):
                self._db.rows(f"DELETE FROM {table} WHERE path = ?", (os.fsencode(path),))
            self._db.rows("DELETE FROM consulted WHERE post = ?", (os.fsencode(path),))

    def sha256(self, path: str) -> str:
        """Return the digest of a recorded file; empty if it is unknown, gone or ignored."""
        known = "SELECT sha256 FROM sources WHERE path = ? AND gone_at IS NULL"
        return self._value(known, os.fsencode(path)) or ""

    def is_recorded(self, path: str) -> bool:
        """True if a file is or was there; the daemon itself did not remove it."""
        known = "SELECT 1 FROM sources WHERE path = ?"
        return self._value(known, os.fsencode(path)) is not None

    def signature(self, path: str) -> FileSignature | None:
        """Return the signature of a recorded file; None if it is unknown or gone."""
        return self.signatures([path])[path]

    def signatures(self, paths: Collection[str]) -> dict[str, FileSignature | None]:
        """Return the signatures of a few files; None for one that is unknown or gone."""
        rows = self._db.rows(
            "SELECT path, inode, size, mtime_ns, ctime_ns FROM sources"
            f" WHERE path IN ({', '.join('?' * len(paths))}) AND gone_at IS NULL",
            [os.fsencode(path) for path in paths],
        )
        found = {os.fsdecode(path): FileSignature(*rest) for path, *rest in rows}
        return {path: found.get(path) for path in paths}

    def forget_version(self, path: str, signature: FileSignature) -> None:
        """Delete a version that the daemon itself removed from the inbox, so it is not gone."""
        if self.signature(path) == signature:  # otherwise a newer version has arrived
            self._write("DELETE FROM sources WHERE path = ?", os.fsencode(path))

    def gone(self, since: float | None = None) -> list[str]:
        """Return the files that are gone; with a time, only those gone at that time or before."""
        return self._paths(
            f"SELECT path FROM sources WHERE gone_at IS NOT NULL AND gone_at <= {AT}",
            time.time() if since is None else since,
        )

    def gone_between(
        self, after: tuple[float, str] | None, before: float, limit: int
    ) -> list[tuple[float, str]]:
        """Return the next files that went until `before`, in the order of their going.

        Each has the time by `source_clock` at which it went; `after` is the last one.
        """
        at, path = after or (float("-inf"), "")
        rows = self._db.rows(
            f"SELECT gone_at, path FROM sources WHERE gone_at IS NOT NULL AND gone_at <= {AT}"
            " AND (gone_at, path) > (?, ?) ORDER BY gone_at, path LIMIT ?",
            (before, at, os.fsencode(path), limit),
        )
        return [(gone_at, os.fsdecode(path)) for gone_at, path in rows]

    def arrived_since(self, sha256: str, moment: float) -> list[str]:
        """Return files with this content that first came after a moment, the newest first.

        A file with a time in the future came long ago, before the clock was set back.
        """
        return self._paths(
            "SELECT path FROM sources WHERE gone_at IS NULL AND sha256 = ?"
            f" AND seen_at BETWEEN {AT} AND {AT}"
            " AND path IN (SELECT path FROM jobs WHERE source_sha256 = ?) ORDER BY seen_at DESC",
            *(sha256, moment, time.time()),
            sha256,
        )

    def keep_ages(self, step_s: float) -> None:
        """Keep all ages as they were before the wall clock made a step."""
        self._write(STEP, step_s)

    def bring_times_to_now(self) -> None:
        """Take what is recorded later than now as recorded now: a negative age becomes none."""
        now = time.time()
        with self._db.transaction():
            for column in ("gone_at", "seen_at"):
                later = f"UPDATE sources SET {column} = {AT} WHERE {column} > {AT}"
                self._db.rows(later, (now, now))


class Stems(Repository):
    """Stems by source. A stem is an output's path in the outbox without its suffix."""

    def of_source(self, path: str) -> str | None:
        stems = self._paths("SELECT stem FROM stems WHERE path = ?", os.fsencode(path))
        return stems[0] if stems else None

    def owner(self, folded: str) -> str | None:
        """Return the source that owns a stem, given as `unique_stems.fold` spells it."""
        owners = self._paths("SELECT path FROM stems WHERE folded = ?", os.fsencode(folded))
        return owners[0] if owners else None

    def assign(self, path: str, stem: str, folded: str) -> None:
        values = map(os.fsencode, (path, stem, folded))
        self._write("INSERT INTO stems VALUES (?, ?, ?)", *values)

    def release(self, path: str) -> None:
        self._write("DELETE FROM stems WHERE path = ?", os.fsencode(path))
