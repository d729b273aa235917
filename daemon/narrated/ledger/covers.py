"""Covers that the daemon wrote for the feed, so that a kill leaves none behind."""

import os

from narrated.ledger.database import Repository


class Covers(Repository):
    """Covers by their outbox paths. Each is of an episode, or of the show, whose path is empty."""

    def expect(self, file: str, path: str, sha256: str) -> None:
        """Record that a cover is about to be written."""
        added = (
            "INSERT INTO covers VALUES (?, ?, ?, 0)"
            " ON CONFLICT (file) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256"
        )
        self._write(added, os.fsencode(file), os.fsencode(path), sha256)

    def sha256(self, file: str) -> str:
        """Return the digest of what was written as this file last; empty if nothing was."""
        found = self._value("SELECT sha256 FROM covers WHERE file = ?", os.fsencode(file))
        return str(found or "")

    def settle(self, path: str, *files: str) -> None:
        """Record that the feed names these covers, and no others, for a source or the show."""
        with self._db.transaction():
            self._db.rows("UPDATE covers SET current = 0 WHERE path = ?", (os.fsencode(path),))
            named = "UPDATE covers SET current = 1 WHERE path = ? AND file = ?"
            self._db.executemany(named, [(os.fsencode(path), os.fsencode(file)) for file in files])

    def rename(self, old: str, new: str) -> None:
        """Give the covers of a source that moved to its new path."""
        moved = "UPDATE covers SET path = ? WHERE path = ?"
        self._write(moved, os.fsencode(new), os.fsencode(old))

    def leaving(self) -> list[str]:
        """Return the covers that the feed names no more."""
        return self._paths("SELECT file FROM covers WHERE current = 0 ORDER BY file")

    def forget(self, file: str) -> None:
        """Record that a cover was removed."""
        self._write("DELETE FROM covers WHERE file = ?", os.fsencode(file))
