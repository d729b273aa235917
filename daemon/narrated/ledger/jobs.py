"""Jobs in the ledger: their moves, their plans, and the cache keys of their chunks."""

import os
import time
import zlib
from collections.abc import Sequence
from typing import Any

from narrated.ledger.database import Repository
from narrated.ledger.job import LEGAL, OPEN, Job, JobCause, JobReason, JobState

_JOB = (
    "id, path, state, cause, source_sha256, size_bytes, stem, created_at, changed_at,"
    " reason, problem, remedy, title, narration, duration_s"
)
_UNFINISHED = "('queued', 'planned', 'speaking', 'publishing', 'waiting', 'failed')"
_ALL = -1
"""No limit, as SQLite has it."""


class Jobs(Repository):
    """Jobs by number, path and state; each move is one transaction."""

    def add(
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
        """Enter a new version of a source; older versions that can be stopped are superseded.

        A version that is being published cannot: it is superseded once the newer one is done.
        """
        now = time.time()
        with self._db.transaction():
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

    def add_published(self, path: str, source_sha256: str, stem: str, **manifest: Any) -> Job:
        """Enter a narration that is in the outbox already, by what its manifest says.

        `manifest`: `size_bytes` of the source, `title`, `narration`, `duration_s`, `done_at`.
        """
        values = {
            "path": os.fsencode(path),
            "state": JobState.DONE,
            "cause": JobCause.FOUND,
            "source_sha256": source_sha256,
            "stem": os.fsencode(stem),
            "created_at": manifest["done_at"],
            "changed_at": manifest["done_at"],
            **manifest,
        }
        columns, places = ", ".join(values), ", ".join("?" * len(values))
        with self._db.transaction():
            cursor = self._db.execute(
                f"INSERT INTO jobs ({columns}) VALUES ({places})", tuple(values.values())
            )
        return self.get(int(cursor.lastrowid or 0))

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
        """Move a job to another state in one transaction; ValueError for an illegal move."""
        with self._db.transaction():
            current = self.get(job.id)
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
        """Mark a job done, and supersede its published predecessor in the same transaction."""
        with self._db.transaction():
            for older in self._of(job.path, "state = 'done'"):
                self.move(older, JobState.SUPERSEDED, problem="a newer version")
            return self.move(job, JobState.DONE, duration_s=duration_s)

    def get(self, number: int) -> Job:
        return self._where("id = ?", number)[0]

    def in_state(self, *states: JobState, limit: int = _ALL) -> list[Job]:
        """Return the jobs in these states, the oldest first."""
        return self._where(f"state IN ({_places(states)}) ORDER BY id LIMIT ?", *states, limit)

    def waiting_for(self, *reasons: JobReason, limit: int = _ALL) -> list[Job]:
        """Return the jobs that wait for one of these reasons, the oldest first."""
        condition = f"state = 'waiting' AND reason IN ({_places(reasons)}) ORDER BY id LIMIT ?"
        return self._where(condition, *reasons, limit)

    def waiting_for_source(self) -> list[Job]:
        """Return the jobs that wait until a source of known content can be read."""
        jobs = self.waiting_for(JobReason.ABSENT, JobReason.UNREADABLE)
        return [job for job in jobs if job.source_sha256]

    def published_after(self, number: int, limit: int) -> list[Job]:
        """Return the next published jobs after a number, to look through all of them in steps."""
        return self._where("state = 'done' AND id > ? ORDER BY id LIMIT ?", number, limit)

    def unfinished(self, path: str | None = None) -> list[Job]:
        """Return open, waiting and failed jobs, of one path or of all."""
        jobs = f"state IN {_UNFINISHED}"
        return self._where(jobs) if path is None else self._of(path, jobs)

    def all_open(self) -> list[Job]:
        return self.in_state(*sorted(OPEN))

    def stoppable(self, path: str) -> list[Job]:
        """Return the unfinished versions of a path that are not being published."""
        return [job for job in self.unfinished(path) if job.state is not JobState.PUBLISHING]

    def is_newest(self, job: Job) -> bool:
        """True if no later version of its path was entered."""
        return self.history(job.path)[-1].id == job.id

    def current(self, path: str) -> Job | None:
        """Return the newest version of a path that is open, waiting, failed or done."""
        found = self._of(path, "state NOT IN ('superseded', 'removed')")
        return found[-1] if found else None

    def published(self, path: str) -> Job | None:
        """Return the job whose narration of this path is in the outbox."""
        found = self._of(path, "state = 'done'")
        return found[-1] if found else None

    def published_alike(self, sha256: str) -> list[Job]:
        """Return published jobs with this content whose sources the daemon did not remove."""
        return self._where(
            "state = 'done' AND source_sha256 = ?"
            " AND EXISTS (SELECT 1 FROM sources WHERE sources.path = jobs.path)",
            sha256,
        )

    def history(self, path: str) -> list[Job]:
        """Return every version of a path, the oldest first."""
        return self._of(path, "1")

    @property
    def is_empty(self) -> bool:
        """True if no job was ever entered."""
        return self._db.execute("SELECT 1 FROM jobs LIMIT 1").fetchone() is None

    def counts(self) -> dict[JobState, int]:
        rows = self._db.execute("SELECT state, count(*) FROM jobs GROUP BY state")
        return {JobState(state): count for state, count in rows}

    def done_since(self, moment: float) -> int:
        """Count the narrations finished since a moment; times in the future do not count."""
        row = self._db.execute(
            "SELECT count(*) FROM jobs WHERE done_at BETWEEN ? AND ?", (moment, time.time())
        ).fetchone()
        return int(row[0])

    def write_plan(
        self, job: Job, plan: bytes, *, title: str, narration: str, keys: Sequence[str]
    ) -> Job:
        """Keep a job's plan and the cache keys of its chunks, and move the job to planned."""
        with self._db.transaction():
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

    def chunk_keys(self, job: Job) -> list[str]:
        rows = self._db.execute("SELECT key FROM chunks WHERE job = ? ORDER BY seq", (job.id,))
        return [key for (key,) in rows]

    def _of(self, path: str, condition: str) -> list[Job]:
        return self._where(f"path = ? AND {condition}", os.fsencode(path))

    def _where(self, condition: str, *values: Any) -> list[Job]:
        """Return the jobs that meet an SQL condition, the oldest first."""
        ordered = condition if " ORDER BY " in condition else f"{condition} ORDER BY id"
        rows = self._db.execute(f"SELECT {_JOB} FROM jobs WHERE {ordered}", values)
        return [_job(row) for row in rows]


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


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
