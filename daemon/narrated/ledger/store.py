"""The ledger's one door to SQLite: every move of a job is one transaction."""

import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from narrated.errors import StorageError
from narrated.inbox.scan import Signature
from narrated.ledger.job import LEGAL, Cause, Job, Reason, State, Take

SCHEMA_VERSION = 1
_JOB = (
    "id, path, state, cause, source_sha256, size_bytes, stem, created_at, changed_at,"
    " reason, problem, remedy, title, narration, duration_s"
)
_UNFINISHED = "('queued', 'planned', 'speaking', 'publishing', 'waiting', 'failed')"
_OPEN = "('queued', 'planned', 'speaking', 'publishing')"


class Ledger:
    """What was asked, how far it is, and what was spoken; survives `kill -9` at any instant.

    Write-ahead logging without a sync at each commit: a crash of the process loses nothing. A
    loss of power may lose the last moves, never their order, and publishing is repeatable.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                " PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;"
            )
            self._migrate()
        except sqlite3.Error as error:
            raise StorageError(
                f"The ledger {path} cannot be opened: {error}.",
                "See that its folder is there, writable, and has room.",
            ) from error

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another joins it."""
        if self._db.in_transaction:
            yield
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _refused(error) from error
        try:
            yield
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._roll_back()
            raise _refused(error) from error
        except BaseException:
            self._roll_back()
            raise

    # Sources

    def known(self) -> dict[str, Signature]:
        """Every file already taken and still there, as the inbox wants to know it."""
        rows = self._db.execute(
            "SELECT path, inode, size, mtime_ns, ctime_ns FROM sources WHERE gone_at IS NULL"
        )
        return {os.fsdecode(path): Signature(*rest) for path, *rest in rows}

    def see(self, path: str, signature: Signature, sha256: str) -> None:
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
        """Drop a file that is gone and whose narration is withdrawn."""
        with self.transaction():
            for table in ("sources", "stems", "choices"):
                self._db.execute(f"DELETE FROM {table} WHERE path = ?", (os.fsencode(path),))
            self._db.execute("DELETE FROM shows WHERE post = ?", (os.fsencode(path),))

    def source_sha256(self, path: str) -> str:
        """The digest of a file that is in the inbox and was taken; empty when it was not."""
        row = self._db.execute(
            "SELECT sha256 FROM sources WHERE path = ? AND gone_at IS NULL", (os.fsencode(path),)
        ).fetchone()
        return str(row[0]) if row else ""

    def signature(self, path: str) -> Signature | None:
        row = self._db.execute(
            "SELECT inode, size, mtime_ns, ctime_ns FROM sources"
            " WHERE path = ? AND gone_at IS NULL",
            (os.fsencode(path),),
        ).fetchone()
        return Signature(*row) if row else None

    def let_go(self, path: str) -> None:
        """Forget a file that we took out of the inbox ourselves: it is not missed."""
        with self.transaction():
            self._db.execute("DELETE FROM sources WHERE path = ?", (os.fsencode(path),))

    def gone(self, since: float | None = None) -> list[str]:
        """Files gone from the inbox, all or those gone since before a time."""
        rows = self._db.execute(
            "SELECT path FROM sources WHERE gone_at IS NOT NULL AND gone_at <= ?",
            (time.time() if since is None else since,),
        )
        return [os.fsdecode(path) for (path,) in rows]

    def arrived_since(self, sha256: str, moment: float) -> list[str]:
        """Files of this content that first came after a moment: where a gone one moved to."""
        rows = self._db.execute(
            "SELECT DISTINCT sources.path FROM jobs JOIN sources ON sources.path = jobs.path"
            " WHERE jobs.source_sha256 = ? AND sources.sha256 = ?"
            " AND sources.gone_at IS NULL AND sources.seen_at >= ?",
            (sha256, sha256, moment),
        )
        return [os.fsdecode(path) for (path,) in rows]

    # Names in the outbox

    def stem_of(self, path: str) -> str | None:
        row = self._db.execute(
            "SELECT stem FROM stems WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return os.fsdecode(row[0]) if row else None

    def stem_holder(self, folded: str) -> str | None:
        """The source that a name in the outbox belongs to, however the laptop spells it."""
        row = self._db.execute("SELECT path FROM stems WHERE folded = ?", (folded,)).fetchone()
        return os.fsdecode(row[0]) if row else None

    def assign_stem(self, path: str, stem: str, folded: str) -> None:
        with self.transaction():
            self._db.execute(
                "INSERT INTO stems VALUES (?, ?, ?)", (os.fsencode(path), os.fsencode(stem), folded)
            )

    def release_stem(self, path: str) -> None:
        with self.transaction():
            self._db.execute("DELETE FROM stems WHERE path = ?", (os.fsencode(path),))

    # Jobs

    def add_job(
        self,
        path: str,
        source_sha256: str,
        size_bytes: int,
        stem: str,
        *,
        cause: Cause = Cause.FOUND,
        state: State = State.QUEUED,
        reason: Reason = Reason.NONE,
        problem: str = "",
        remedy: str = "",
    ) -> Job:
        """A new version of a source; every unfinished older version of it is superseded."""
        now = time.time()
        with self.transaction():
            for older in self.unfinished(path):
                self.move(older, State.SUPERSEDED, reason=Reason.NONE, problem="a newer version")
            cursor = self._db.execute(
                "INSERT INTO jobs (path, state, cause, source_sha256, size_bytes, stem,"
                " created_at, changed_at, reason, problem, remedy)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    os.fsencode(path),
                    state,
                    cause,
                    source_sha256,
                    size_bytes,
                    os.fsencode(stem),
                    now,
                    now,
                    reason,
                    problem,
                    remedy,
                ),
            )
        return self.job(int(cursor.lastrowid or 0))

    def move(
        self,
        job: Job,
        state: State,
        *,
        reason: Reason = Reason.NONE,
        problem: str = "",
        remedy: str = "",
        duration_s: float | None = None,
    ) -> Job:
        """Bring a job to another state, in one transaction; an illegal move is a ValueError."""
        with self.transaction():
            current = self.job(job.id)
            if state not in LEGAL[current.state]:
                raise ValueError(f"job {job.id} cannot go from {current.state} to {state}")
            self._db.execute(
                "UPDATE jobs SET state = ?, changed_at = ?, reason = ?, problem = ?, remedy = ?,"
                " duration_s = coalesce(?, duration_s) WHERE id = ?",
                (state, time.time(), reason, problem, remedy, duration_s, job.id),
            )
            if state in (State.DONE, State.FAILED, State.SUPERSEDED, State.REMOVED):
                self._db.execute("DELETE FROM chunks WHERE job = ?", (job.id,))
            if state in (State.QUEUED, State.SUPERSEDED, State.REMOVED):
                self._db.execute("DELETE FROM plans WHERE job = ?", (job.id,))
        return self.job(job.id)

    def finish(self, job: Job, duration_s: float) -> Job:
        """Mark a job done; what stood in the outbox before it is superseded in the same instant."""
        with self.transaction():
            for older in self.jobs("path = ? AND state = 'done'", os.fsencode(job.path)):
                self.move(older, State.SUPERSEDED, problem="a newer version")
            return self.move(job, State.DONE, duration_s=duration_s)

    def job(self, number: int) -> Job:
        return self.jobs("id = ?", number)[0]

    def jobs(self, condition: str, *values: Any) -> list[Job]:
        """Jobs that meet a condition in the schema's own terms, oldest first."""
        ordered = condition if " ORDER BY " in condition else f"{condition} ORDER BY id"
        rows = self._db.execute(f"SELECT {_JOB} FROM jobs WHERE {ordered}", values)
        return [_job(row) for row in rows]

    def open_jobs(self) -> list[Job]:
        return self.jobs(f"state IN {_OPEN}")

    def unfinished(self, path: str) -> list[Job]:
        return self.jobs(f"path = ? AND state IN {_UNFINISHED}", os.fsencode(path))

    def current(self, path: str) -> Job | None:
        """The newest version of a path that still counts: open, waiting, failed or done."""
        found = self.jobs("path = ? AND state NOT IN ('superseded', 'removed')", os.fsencode(path))
        return found[-1] if found else None

    def published(self, path: str) -> Job | None:
        """The job whose narration of this path stands in the outbox."""
        found = self.jobs("path = ? AND state = 'done'", os.fsencode(path))
        return found[-1] if found else None

    def history(self, path: str) -> list[Job]:
        return self.jobs("path = ?", os.fsencode(path))

    def counts(self) -> dict[State, int]:
        rows = self._db.execute("SELECT state, count(*) FROM jobs GROUP BY state")
        return {State(state): count for state, count in rows}

    def done_since(self, moment: float) -> int:
        """How many narrations were finished since then."""
        row = self._db.execute(
            "SELECT count(*) FROM jobs WHERE state = 'done' AND changed_at >= ?", (moment,)
        ).fetchone()
        return int(row[0])

    # Plans and chunks

    def write_plan(
        self, job: Job, plan: bytes, *, title: str, narration: str, keys: Sequence[str]
    ) -> Job:
        """Keep a job's script and the cache keys of its chunks; the job is planned."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO plans VALUES (?, ?)", (job.id, zlib.compress(plan, 1))
            )
            self._db.execute(
                "UPDATE jobs SET title = ?, narration = ? WHERE id = ?", (title, narration, job.id)
            )
            self._db.execute("DELETE FROM chunks WHERE job = ?", (job.id,))
            self._db.executemany(
                "INSERT INTO chunks (job, seq, key) VALUES (?, ?, ?)",
                [(job.id, seq, key) for seq, key in enumerate(keys)],
            )
            return self.move(job, State.PLANNED)

    def plan(self, job: Job) -> bytes | None:
        row = self._db.execute("SELECT plan FROM plans WHERE job = ?", (job.id,)).fetchone()
        return zlib.decompress(row[0]) if row else None

    def keys(self, job: Job) -> list[str]:
        rows = self._db.execute("SELECT key FROM chunks WHERE job = ? ORDER BY seq", (job.id,))
        return [key for (key,) in rows]

    def lease(self, keys: Iterable[str], owner: str, seconds: float) -> None:
        """Note who has these chunks in flight, and for how long that is believed."""
        expires_at = time.time() + seconds
        with self.transaction():
            self._db.executemany(
                "UPDATE chunks SET owner = ?, expires_at = ? WHERE key = ?",
                [(owner, expires_at, key) for key in keys],
            )

    def release_leases(self, keys: Iterable[str] | None = None) -> None:
        """Give these leases back; all of them when a daemon starts and holds the state alone."""
        with self.transaction():
            if keys is None:
                self._db.execute("UPDATE chunks SET owner = NULL WHERE owner IS NOT NULL")
            else:
                self._db.executemany(
                    "UPDATE chunks SET owner = NULL WHERE key = ?", [(key,) for key in keys]
                )

    def count_death(self, key: str) -> int:
        """One more death of a worker with this piece in hand; how many there were."""
        with self.transaction():
            row = self._db.execute(
                "INSERT INTO deaths VALUES (?, 1)"
                " ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count",
                (key,),
            ).fetchone()
        return int(row[0])

    def deaths(self, key: str) -> int:
        row = self._db.execute("SELECT count FROM deaths WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0

    def forgive(self, keys: Iterable[str]) -> None:
        """Forget deaths: the piece was spoken after all, or the user asks for another try."""
        with self.transaction():
            self._db.executemany("DELETE FROM deaths WHERE key = ?", [(key,) for key in keys])

    # Takes

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
                    time.time(),
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

    def drop_take(self, key: str) -> None:
        with self.transaction():
            self._db.execute("DELETE FROM takes WHERE key = ?", (key,))

    def use_takes(self, keys: Iterable[str]) -> None:
        """Note that these takes were heard now: the least recently heard leave the cache first."""
        now = time.time()
        with self.transaction():
            self._db.executemany(
                "UPDATE takes SET used_at = ? WHERE key = ?", [(now, key) for key in keys]
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

    # Choices, captions, pictures shown

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

    # Inside

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"The ledger was written by a newer narrated (schema {version}).",
                "Install that version again, or name another `state:` folder.",
            )
        if version == 0:
            schema = resources.files("narrated.ledger").joinpath("schema.sql").read_text("utf-8")
            self._db.executescript(
                f"BEGIN; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _refused(error: sqlite3.OperationalError) -> StorageError:
    return StorageError(
        f"The ledger cannot be written: {error}.",
        "Make room on the disk of the state folder, or mend its rights.",
    )


def _job(row: Sequence[Any]) -> Job:
    number, path, state, cause, sha256, size_bytes, stem, created, changed, reason, *rest = row
    return Job(
        number,
        os.fsdecode(path),
        State(state),
        Cause(cause),
        sha256,
        size_bytes,
        os.fsdecode(stem),
        created,
        changed,
        Reason(reason),
        *rest,
    )
