"""What the ledger knows of jobs: their moves, their plans, and their chunks under way."""

import os
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from narrated.ledger.database import Database
from narrated.ledger.job import LEGAL, Job, JobCause, JobReason, JobState

_JOB = (
    "id, path, state, cause, source_sha256, size_bytes, stem, created_at, changed_at,"
    " reason, problem, remedy, title, narration, duration_s"
)
_UNFINISHED = "('queued', 'planned', 'speaking', 'publishing', 'waiting', 'failed')"
_OPEN = "('queued', 'planned', 'speaking', 'publishing')"


class Jobs(Database):
    """Jobs by their numbers and paths; each move is one transaction."""

    def add_job(
        self,
        path: str,
        source_sha256: str,
        size_bytes: int,
        stem: str,
        *,
        cause: JobCause = JobCause.FOUND,
        state: JobState = JobState.QUEUED,
        reason: JobReason = JobReason.NONE,
        problem: str = "",
        remedy: str = "",
    ) -> Job:
        """A new version of a source; every older version that can be stopped is superseded.

        One that is being published cannot: it is superseded by the newer one's own end.
        """
        now = time.time()
        with self.transaction():
            for older in self.stoppable(path):
                self.move(
                    older, JobState.SUPERSEDED, reason=JobReason.NONE, problem="a newer version"
                )
            rows = self._db.execute(
                "INSERT INTO jobs (path, state, cause, source_sha256, size_bytes, stem,"
                " created_at, changed_at, reason, problem, remedy)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_JOB}",
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
            ).fetchall()
        return _job(rows[0])

    def add_published(self, path: str, source_sha256: str, stem: str, **told: Any) -> Job:
        """A narration that stands in the outbox already, as its manifest tells of it.

        `told`: `size_bytes` of the source, `title`, `narration`, `duration_s`, `done_at`.
        """
        values = {
            "path": os.fsencode(path),
            "state": JobState.DONE,
            "cause": JobCause.FOUND,
            "source_sha256": source_sha256,
            "stem": os.fsencode(stem),
            "created_at": told["done_at"],
            "changed_at": told["done_at"],
            **told,
        }
        columns, places = ", ".join(values), ", ".join("?" * len(values))
        with self.transaction():
            cursor = self._db.execute(
                f"INSERT INTO jobs ({columns}) VALUES ({places})", tuple(values.values())
            )
        return self.job(int(cursor.lastrowid or 0))

    def move(
        self,
        job: Job,
        state: JobState,
        *,
        reason: JobReason = JobReason.NONE,
        problem: str = "",
        remedy: str = "",
        duration_s: float | None = None,
    ) -> Job:
        """Bring a job to another state, in one transaction; an illegal move is a ValueError."""
        with self.transaction():
            current = self.job(job.id)
            if state not in LEGAL[current.state]:
                raise ValueError(f"job {job.id} cannot go from {current.state} to {state}")
            now = time.time()
            done_at = now if state is JobState.DONE else None
            rows = self._db.execute(
                "UPDATE jobs SET state = ?, changed_at = ?, reason = ?, problem = ?, remedy = ?,"
                " duration_s = coalesce(?, duration_s), done_at = coalesce(?, done_at)"
                f" WHERE id = ? RETURNING {_JOB}",
                (state, now, reason, problem, remedy, duration_s, done_at, job.id),
            ).fetchall()
            if state in (JobState.DONE, JobState.FAILED, JobState.SUPERSEDED, JobState.REMOVED):
                self._db.execute("DELETE FROM chunks WHERE job = ?", (job.id,))
            if state in (JobState.QUEUED, JobState.SUPERSEDED, JobState.REMOVED):
                self._db.execute("DELETE FROM plans WHERE job = ?", (job.id,))
        return _job(rows[0])

    def finish(self, job: Job, duration_s: float) -> Job:
        """Mark a job done; what stood in the outbox before it is superseded in the same instant."""
        with self.transaction():
            for older in self.jobs("path = ? AND state = 'done'", os.fsencode(job.path)):
                self.move(older, JobState.SUPERSEDED, problem="a newer version")
            return self.move(job, JobState.DONE, duration_s=duration_s)

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

    def stoppable(self, path: str) -> list[Job]:
        """Unfinished versions of a path, but for what is just going into the outbox."""
        return [job for job in self.unfinished(path) if job.state is not JobState.PUBLISHING]

    def is_newest(self, job: Job) -> bool:
        """Whether no later version of its path was ever entered."""
        return self.history(job.path)[-1].id == job.id

    def current(self, path: str) -> Job | None:
        """The newest version of a path that still counts: open, waiting, failed or done."""
        found = self.jobs("path = ? AND state NOT IN ('superseded', 'removed')", os.fsencode(path))
        return found[-1] if found else None

    def published(self, path: str) -> Job | None:
        """The job whose narration of this path stands in the outbox."""
        found = self.jobs("path = ? AND state = 'done'", os.fsencode(path))
        return found[-1] if found else None

    def published_alike(self, sha256: str) -> list[Job]:
        """Jobs whose narrations stand, of sources with this content that we did not take away."""
        return self.jobs(
            "state = 'done' AND source_sha256 = ?"
            " AND EXISTS (SELECT 1 FROM sources WHERE sources.path = jobs.path)",
            sha256,
        )

    def history(self, path: str) -> list[Job]:
        return self.jobs("path = ?", os.fsencode(path))

    @property
    def is_blank(self) -> bool:
        """Whether nothing was ever asked."""
        return self._db.execute("SELECT 1 FROM jobs LIMIT 1").fetchone() is None

    def counts(self) -> dict[JobState, int]:
        rows = self._db.execute("SELECT state, count(*) FROM jobs GROUP BY state")
        return {JobState(state): count for state, count in rows}

    def done_since(self, moment: float) -> int:
        """How many narrations were finished since then; none in what is still to come."""
        row = self._db.execute(
            "SELECT count(*) FROM jobs WHERE done_at BETWEEN ? AND ?", (moment, time.time())
        ).fetchone()
        return int(row[0])

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
            return self.move(job, JobState.PLANNED)

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


def _job(row: Sequence[Any]) -> Job:
    number, path, state, cause, sha256, size_bytes, stem, created, changed, reason, *rest = row
    return Job(
        number,
        os.fsdecode(path),
        JobState(state),
        JobCause(cause),
        sha256,
        size_bytes,
        os.fsdecode(stem),
        created,
        changed,
        JobReason(reason),
        *rest,
    )
