"""Posts that are held back: drafts, and posts of a date in the future."""

import os

from narrated.ledger.database import Database, Repository


class HeldPosts(Repository):
    """Posts by path. A new job or the end of its source forgets a post."""

    def record(self, path: str, why: str, due_at: float | None) -> None:
        """Record a post; `due_at`: when its date comes, in seconds since the epoch."""
        row = (os.fsencode(path), why, due_at)
        self._write("INSERT OR REPLACE INTO held_back VALUES (?, ?, ?)", *row)

    def why(self, path: str) -> str | None:
        """Return why a post is held back; None if it is not."""
        why: str | None = self._value("SELECT why FROM held_back WHERE path = ?", os.fsencode(path))
        return why

    def forget(self, path: str) -> None:
        self._write("DELETE FROM held_back WHERE path = ?", os.fsencode(path))

    def count(self) -> int:
        return int(self._value("SELECT count(*) FROM held_back"))

    def first(self, limit: int, *, after: str = "") -> list[tuple[str, str]]:
        """Return the first posts by path, after a path, each with why it is held back."""
        following = "SELECT path, why FROM held_back WHERE path > ? ORDER BY path LIMIT ?"
        rows = self._db.execute(following, (os.fsencode(after), limit))
        return [(os.fsdecode(path), why) for path, why in rows]

    def due(self, now: float, limit: int) -> list[str]:
        """Return the next posts whose date has come."""
        due = "SELECT path FROM held_back WHERE due_at <= ? ORDER BY due_at LIMIT ?"
        return self._paths(due, now, limit)


def forget_unwanted(database: Database, path: str) -> None:
    """Forget that a post is left out or held back: it has a new job, or its source is gone."""
    for table in ("left_out", "held_back"):
        database.execute(f"DELETE FROM {table} WHERE path = ?", (os.fsencode(path),))
