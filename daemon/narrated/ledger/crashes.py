"""Worker crashes counted by the cache key of the chunk or caption that was in flight."""

from collections.abc import Iterable

from narrated.ledger.database import Repository


class WorkerCrashes(Repository):
    """Counts by key: a chunk that crashes its worker repeatedly is given up."""

    def add(self, key: str) -> int:
        """Count one more crash, and return the total."""
        with self._db.transaction():
            row = self._db.execute(
                "INSERT INTO deaths VALUES (?, 1)"
                " ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count",
                (key,),
            ).fetchone()
        return int(row[0])

    def count(self, key: str) -> int:
        row = self._db.execute("SELECT count FROM deaths WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0

    def reset(self, keys: Iterable[str]) -> None:
        """Forget crashes, because the user asks for another try."""
        with self._db.transaction():
            self._db.executemany("DELETE FROM deaths WHERE key = ?", [(key,) for key in keys])
