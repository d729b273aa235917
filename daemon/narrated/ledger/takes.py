"""The index of the take cache, the user's choices among takes, and captions of pictures."""

import dataclasses
import os
import time
from collections.abc import Iterable

from narrated.ledger.database import Repository
from narrated.ledger.job import Take


class Takes(Repository):
    """Takes by their cache keys, and the take chosen for each chunk of a source."""

    def record(self, take: Take) -> None:
        """Enter a take; its chunk no longer counts as one that crashes workers."""
        with self._db.transaction():
            self._enter([(take, self._now())])
            self._db.execute("DELETE FROM deaths WHERE key = ?", (take.key,))

    def adopt(self, found: Iterable[tuple[Take, float]]) -> None:
        """Enter takes found in the cache folder, each with the time of its last use."""
        with self._db.transaction():
            self._enter(found)

    def get(self, key: str) -> Take | None:
        row = self._db.execute(
            "SELECT key, sample_rate, duration_s, rms_db, peak_db, elapsed_s, size_bytes"
            " FROM takes WHERE key = ?",
            (key,),
        ).fetchone()
        return Take(*row) if row else None

    def keys_starting(self, prefix: str) -> set[str]:
        rows = self._db.execute(
            "SELECT key FROM takes WHERE key >= ? AND key < ?", (prefix, prefix + "~")
        )
        return {key for (key,) in rows}

    def drop(self, key: str) -> None:
        with self._db.transaction():
            self._db.execute("DELETE FROM takes WHERE key = ?", (key,))

    def mark_used(self, keys: Iterable[str]) -> None:
        """Mark takes as used now: the least recently used leave the cache first."""
        now = self._now()
        with self._db.transaction():
            self._db.executemany(
                "UPDATE takes SET used_at = ? WHERE key = ?", [(now, key) for key in keys]
            )

    def total_bytes(self) -> int:
        row = self._db.execute("SELECT coalesce(sum(size_bytes), 0) FROM takes").fetchone()
        return int(row[0])

    def evictable(self, surplus_bytes: int) -> list[str]:
        """Return the least recently used takes that no open job needs, at least so many bytes."""
        rows = self._db.execute(
            "SELECT key, size_bytes FROM takes WHERE NOT EXISTS"
            " (SELECT 1 FROM chunks WHERE chunks.key = takes.key) ORDER BY used_at"
        )
        keys: list[str] = []
        for key, size_bytes in rows:
            if surplus_bytes <= 0:
                break
            keys.append(key)
            surplus_bytes -= size_bytes
        rows.close()
        return keys

    def choices(self, path: str) -> dict[str, int]:
        """Return the number of the chosen take by chunk digest; a chunk not listed has take 0."""
        rows = self._db.execute(
            "SELECT digest, take FROM choices WHERE path = ?", (os.fsencode(path),)
        )
        return dict(rows.fetchall())

    def choose_next(self, path: str, digests: Iterable[str]) -> None:
        """Choose the next take of these chunks of a source."""
        with self._db.transaction():
            self._db.executemany(
                "INSERT INTO choices VALUES (?, ?, 1)"
                " ON CONFLICT (path, digest) DO UPDATE SET take = take + 1",
                [(os.fsencode(path), digest) for digest in digests],
            )

    def _enter(self, takes: Iterable[tuple[Take, float]]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*dataclasses.astuple(take), used_at) for take, used_at in takes],
        )

    def _now(self) -> float:
        """The time, or just after the last use if the clock was set back, to keep the order."""
        (last,) = self._db.execute("SELECT coalesce(max(used_at), 0) FROM takes").fetchone()
        return max(time.time(), float(last) + 1e-6)


class Captions(Repository):
    """Captions by the cache keys of their pictures."""

    def get(self, key: str) -> str | None:
        row = self._db.execute("SELECT text FROM captions WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def record(self, key: str, text: str) -> None:
        with self._db.transaction():
            self._db.execute("INSERT OR REPLACE INTO captions VALUES (?, ?)", (key, text))
