"""What the ledger knows of sound and captions: what the cache holds, and which take is chosen."""

import dataclasses
import os
import time
from collections.abc import Iterable

from narrated.ledger.database import Database
from narrated.ledger.job import Take


class Takes(Database):
    """Takes by their keys, choices by source, captions by picture."""

    def add_take(self, take: Take) -> None:
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    take.key,
                    take.sample_rate,
                    take.duration_s,
                    take.rms_db,
                    take.peak_db,
                    take.elapsed_s,
                    take.size_bytes,
                    self._now(),
                ),
            )
            self._db.execute("DELETE FROM deaths WHERE key = ?", (take.key,))
            self._db.execute("UPDATE chunks SET owner = NULL WHERE key = ?", (take.key,))

    def take(self, key: str) -> Take | None:
        row = self._db.execute(
            "SELECT key, sample_rate, duration_s, rms_db, peak_db, elapsed_s, size_bytes"
            " FROM takes WHERE key = ?",
            (key,),
        ).fetchone()
        return Take(*row) if row else None

    def takes_of(self, beginning: str) -> set[str]:
        """The keys of all takes that begin so."""
        rows = self._db.execute(
            "SELECT key FROM takes WHERE key >= ? AND key < ?", (beginning, beginning + "~")
        )
        return {key for (key,) in rows}

    def drop_take(self, key: str) -> None:
        with self.transaction():
            self._db.execute("DELETE FROM takes WHERE key = ?", (key,))

    def use_takes(self, keys: Iterable[str]) -> None:
        """Note that these takes were heard now: the least recently heard leave the cache first."""
        now = self._now()
        with self.transaction():
            self._db.executemany(
                "UPDATE takes SET used_at = ? WHERE key = ?", [(now, key) for key in keys]
            )

    def adopt_takes(self, found: Iterable[tuple[Take, float]]) -> None:
        """Take over what the cache holds, each with the time at which it was heard last."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(*dataclasses.astuple(take), used_at) for take, used_at in found],
            )

    def cache_bytes(self) -> int:
        row = self._db.execute("SELECT coalesce(sum(size_bytes), 0) FROM takes").fetchone()
        return int(row[0])

    def evictable(self, surplus_bytes: int) -> list[str]:
        """The least recently used takes of no open job, together at least so large."""
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
        rows = self._db.execute(
            "SELECT digest, take FROM choices WHERE path = ?", (os.fsencode(path),)
        )
        return dict(rows.fetchall())

    def choose_next(self, path: str, digests: Iterable[str]) -> None:
        """Choose the next take of these chunks of a source."""
        with self.transaction():
            self._db.executemany(
                "INSERT INTO choices VALUES (?, ?, 1)"
                " ON CONFLICT (path, digest) DO UPDATE SET take = take + 1",
                [(os.fsencode(path), digest) for digest in digests],
            )

    def caption(self, key: str) -> str | None:
        row = self._db.execute("SELECT text FROM captions WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def keep_caption(self, key: str, text: str) -> None:
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO captions VALUES (?, ?)", (key, text))

    def _now(self) -> float:
        """The time, or just after the last use where the clock was set back: the order holds."""
        (last,) = self._db.execute("SELECT coalesce(max(used_at), 0) FROM takes").fetchone()
        return max(time.time(), float(last) + 1e-6)

    def measured(self) -> dict[str, int]:
        """Bytes that models and their engines were seen to take of a device, by key."""
        return dict(self._db.execute("SELECT key, size_bytes FROM measured").fetchall())

    def keep_measured(self, key: str, size_bytes: int) -> None:
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO measured VALUES (?, ?)", (key, size_bytes))
