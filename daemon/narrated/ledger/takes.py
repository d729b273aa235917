"""The index of the take cache, the user's choice of takes, and the crashes that chunks caused."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from narrated.ledger.database import Repository
from narrated.ledger.plan_inputs import note_caption

CAPTION = "caption-"
"""The key of a caption's request begins with it."""
_HEARING = "heard-"
"""So does that of a request to hear a take; the key of the take follows, and then another dash."""


@dataclass(frozen=True, slots=True)
class Take:
    """The sound of a chunk, in the cache under its key."""

    key: str
    sample_rate: int
    duration_s: float
    rms_db: float
    peak_db: float
    elapsed_s: float
    """Seconds that the engine needed."""
    size_bytes: int


_fields = attrgetter(*Take.__dataclass_fields__)
"""The columns of a take; `astuple` would copy each value deeply."""


_NOW = "max(?, (SELECT coalesce(max(used_at), 0) + 1e-6 FROM takes))"
"""The time, or just after the last use if the clock was set back, to keep the order."""


class Takes(Repository):
    """Takes by their cache keys, each with the time of its last use."""

    def record(self, take: Take) -> None:
        """Enter a take; its chunk no longer counts as one that crashes workers."""
        with self._db.transaction():
            self._db.rows(
                f"INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, {_NOW})",
                (*_fields(take), time.time()),
            )
            self._db.rows("DELETE FROM deaths WHERE key = ?", (take.key,))

    def adopt(self, found: Iterable[tuple[Take, float]]) -> None:
        """Enter takes found in the cache folder, each with the time of its last use."""
        self._write_all(
            "INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*_fields(take), used_at) for take, used_at in found],
        )

    def get(self, key: str) -> Take | None:
        rows = self._db.rows("SELECT * FROM takes WHERE key = ?", (key,))
        return Take(*rows[0][:-1]) if rows else None

    def missing(self, job: int) -> list[int]:
        """Return which chunks of an open job have no take, by their numbers in its plan."""
        rows = self._db.rows(
            "SELECT seq FROM chunks WHERE job = ?"
            " AND NOT EXISTS (SELECT 1 FROM takes WHERE takes.key = chunks.key)",
            (job,),
        )
        return [seq for (seq,) in rows]

    def keys_starting(self, prefix: str) -> set[str]:
        rows = self._db.rows(
            "SELECT key FROM takes WHERE key >= ? AND key < ?", (prefix, prefix + "~")
        )
        return {key for (key,) in rows}

    def drop(self, key: str) -> None:
        self._write("DELETE FROM takes WHERE key = ?", key)

    def mark_used(self, keys: Iterable[str]) -> None:
        """Mark takes as used now: the least recently used leave the cache first."""
        now = time.time()
        self._write_all(
            f"UPDATE takes SET used_at = {_NOW} WHERE key = ?", [(now, key) for key in keys]
        )

    def total_bytes(self) -> int:
        return int(self._value("SELECT coalesce(sum(size_bytes), 0) FROM takes"))

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
        return dict(
            self._db.rows("SELECT digest, take FROM choices WHERE path = ?", (os.fsencode(path),))
        )

    def inherit_choices(self, path: str, older: str) -> None:
        """Give a source the choices of the path from which it moved, where it has none."""
        self._write(
            "INSERT OR IGNORE INTO choices SELECT ?, digest, take, is_automatic,"
            " rejected_below FROM choices WHERE path = ?",
            os.fsencode(path),
            os.fsencode(older),
        )

    def choose_next(self, path: str, digests: Iterable[str], *, is_automatic: bool = False) -> None:
        """Choose the next take of these chunks of a source; checks may replace an automatic one.

        If a person asks, they reject the takes before.
        """
        self._write_all(
            "INSERT INTO choices VALUES (?1, ?2, 1, ?3, NOT ?3)"
            " ON CONFLICT (path, digest) DO UPDATE SET take = take + 1, is_automatic = ?3,"
            " rejected_below = CASE WHEN ?3 THEN rejected_below ELSE take + 1 END",
            [(os.fsencode(path), digest, is_automatic) for digest in digests],
        )

    def chosen_by_person(self, path: str) -> set[str]:
        """Return the digests of the chunks whose take a person asked for."""
        rows = self._db.rows(
            "SELECT digest FROM choices WHERE path = ? AND NOT is_automatic", (os.fsencode(path),)
        )
        return {digest for (digest,) in rows}

    def rejected_below(self, path: str) -> dict[str, int]:
        """Return the number by chunk digest below which a person rejected all takes."""
        return dict(
            self._db.rows(
                "SELECT digest, rejected_below FROM choices WHERE path = ? AND rejected_below",
                (os.fsencode(path),),
            )
        )

    def choose_best(self, path: str, digest: str, take: int) -> None:
        """Choose the take that a check found best, unless a person chose one."""
        self._write(
            "INSERT INTO choices VALUES (?, ?, ?, 1, 0) ON CONFLICT (path, digest)"
            " DO UPDATE SET take = excluded.take WHERE is_automatic",
            *(os.fsencode(path), digest, take),
        )


def hearing_key(key: str, identity: str) -> str:
    """The key of the request that has a hearing model, by its identity, hear a take."""
    return f"{_HEARING}{key}-{identity}"


class WorkerCrashes(Repository):
    """Crashes of workers by the cache key of the chunk, caption or take that was in flight."""

    def add(self, key: str) -> int:
        """Count one more crash, and return the total."""
        with self._db.transaction():
            self._db.rows(
                "INSERT INTO deaths VALUES (?, 1)"
                " ON CONFLICT (key) DO UPDATE SET count = count + 1",
                (key,),
            )
            if key.startswith(CAPTION):
                note_caption(self._db, key.removeprefix(CAPTION))
            return self.count(key)

    def count(self, key: str) -> int:
        return int(self._value("SELECT count FROM deaths WHERE key = ?", key) or 0)

    @property
    def any_known(self) -> bool:
        return self._value("SELECT 1 FROM deaths LIMIT 1") is not None

    def reset(self, keys: Iterable[str]) -> None:
        """Forget crashes, because the user asks for another try."""
        self._write_all("DELETE FROM deaths WHERE key = ?", [(key,) for key in keys])

    def reset_hearing(self, keys: Iterable[str]) -> None:
        """Forget crashes of hearing models at these takes: the user asks for another try."""
        if self.any_known:
            starts = [hearing_key(key, "") for key in keys]
            self._write_all(
                "DELETE FROM deaths WHERE key >= ? AND key < ?",
                [(start, start + "\U0010ffff") for start in starts],
            )
