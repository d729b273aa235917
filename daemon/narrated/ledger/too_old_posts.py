"""Posts that are left out, because they are older than the configuration's `since`."""

import os

from narrated.ledger.database import Repository


class TooOldPosts(Repository):
    """Posts by path, each with its date. A new job or the end of its source forgets a post."""

    def record(self, path: str, day: str) -> None:
        self._write("INSERT OR REPLACE INTO left_out VALUES (?, ?)", os.fsencode(path), day)

    def count(self) -> int:
        return int(self._value("SELECT count(*) FROM left_out"))

    def first(self, limit: int, *, after: str = "") -> list[tuple[str, str]]:
        """Return the first posts by path, after a path, each with its date."""
        following = "SELECT path, day FROM left_out WHERE path > ? ORDER BY path LIMIT ?"
        rows = self._db.execute(following, (os.fsencode(after), limit))
        return [(os.fsdecode(path), day) for path, day in rows]
