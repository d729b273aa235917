"""Jobs in the ledger: their moves, their plans, and the cache keys of their chunks."""

import asyncio
import os
import time
import zlib
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from narrated.ledger.database import Repository
from narrated.ledger.held_posts import forget_unwanted
from narrated.ledger.job import LEGAL, OPEN, Job, JobCause, JobReason, JobState

_JOB = (
    "id, path, state, cause, source_sha256, size_bytes, stem, created_at, changed_at,"
    " reason, problem, remedy, title, narration, duration_s"
)
_UNDER_WAY = "('queued', 'planned', 'speaking', 'publishing', 'waiting')"
_UNFINISHED = "('queued', 'planned', 'speaking', 'publishing', 'waiting', 'failed')"
_WAITING = "jobs_waiting", ""
_BEFORE = {
    state: ", ".join(f"'{before}'" for before, legal in LEGAL.items() if state in legal)
    for state in JobState
}
"""The states from which a job may go to each state, as SQL has them."""
PAGE = 50
"""Jobs in one turn of the event loop: they hold it up for a few milliseconds."""
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
                self.move(older, JobState.SUPERSEDED, problem="a newer version")
            forget_unwanted(self._db, path)
            return self._insert(
                path=os.fsencode(path),
                state=state,
                cause=cause,
                source_sha256=source_sha256,
                size_bytes=size_bytes,
                stem=os.fsencode(stem),
                created_at=now,
                changed_at=now,
                reason=reason,
                problem=problem,
                remedy=remedy,
            )

    def add_published(self, path: str, source_sha256: str, stem: str, **manifest: Any) -> Job:
        """Enter a narration that is in the outbox already, by what its manifest says.

        `manifest`: `size_bytes` of the source, `title`, `narration`, `duration_s`, `done_at`.
        """
        with self._db.transaction():
            return self._insert(
                path=os.fsencode(path),
                state=JobState.DONE,
                cause=JobCause.FOUND,
                source_sha256=source_sha256,
                stem=os.fsencode(stem),
                created_at=manifest["done_at"],
                changed_at=manifest["done_at"],
                **manifest,
            )

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
            now = time.time()
            done_at = now if state is JobState.DONE else None
            rows = self._db.rows(
                "UPDATE jobs SET state = ?, changed_at = ?, reason = ?, problem = ?, remedy = ?,"
                " duration_s = coalesce(?, duration_s), done_at = coalesce(?, done_at)"
                f" WHERE id = ? AND state IN ({_BEFORE[state]}) RETURNING {_JOB}",
                (state, now, reason, problem, remedy, duration_s, done_at, job.id),
            )
            if not rows:
                raise ValueError(f"job {job.id} cannot go from {self.get(job.id).state} to {state}")
            if state in (JobState.DONE, JobState.FAILED, JobState.SUPERSEDED, JobState.REMOVED):
                self._db.rows("DELETE FROM chunks WHERE job = ?", (job.id,))
            if state in (JobState.QUEUED, JobState.SUPERSEDED, JobState.REMOVED):
                for table in ("plans", "page_texts", "page_copies", "checked_chunks", "due_checks"):
                    self._db.rows(f"DELETE FROM {table} WHERE job = ?", (job.id,))
                told = "report = NULL, times = NULL, checks = NULL"
                self._db.rows(f"UPDATE job_takes SET {told} WHERE job = ?", (job.id,))
        return _job(rows[0])

    def finish(self, job: Job, duration_s: float) -> Job:
        """Mark a job done, and supersede its published predecessor in the same transaction."""
        with self._db.transaction():
            for older in self._of(job.path, "state = 'done'"):
                self.move(older, JobState.SUPERSEDED, problem="a newer version")
            return self.move(job, JobState.DONE, duration_s=duration_s)

    def assign_stem(self, job: Job, stem: str) -> Job:
        """Give a job another name in the outbox."""
        changed = f"UPDATE jobs SET stem = ? WHERE id = ? RETURNING {_JOB}"
        with self._db.transaction():
            return _job(self._db.rows(changed, (os.fsencode(stem), job.id))[0])

    def get(self, number: int) -> Job:
        return self._where("id = ?", number)[0]

    def in_state(self, *states: JobState, after: int = 0, limit: int = _ALL) -> list[Job]:
        """Return the jobs in these states, the oldest first, after a number."""
        condition = f"state IN ({_places(states)}) AND id > ? ORDER BY id LIMIT ?"
        return self._where(condition, *states, after, limit)

    async def pages(self, *states: JobState) -> AsyncIterator[list[Job]]:
        """Yield the jobs in these states, the oldest first, a few in a turn of the event loop."""
        last = 0
        while jobs := self.in_state(*states, after=last, limit=PAGE):
            last = jobs[-1].id
            yield jobs
            await asyncio.sleep(0)

    def refreshable(self, folder: str, after: str, limit: int) -> list[str]:
        """Return the next paths, in order, that were narrated, failed, wait or are left out.

        Only the path `folder` and those below it count; all, if it is empty.
        """
        return self._next_paths(("done", "failed", "waiting"), True, folder, after, limit)

    def is_any_below(self, folder: str) -> bool:
        """True if a path below a folder has a narration, or is to get one."""
        states = ("done", "failed", "waiting", *sorted(OPEN))
        return bool(self._next_paths(states, True, folder, "", 1))

    def failed_paths(self, after: str, limit: int) -> list[str]:
        """Return the next paths that failed, in order."""
        return self._next_paths(("failed",), False, "", after, limit)

    def unread_paths(self, after: str, limit: int) -> list[str]:
        """Return the next paths that failed without a plan, in order."""
        return self._paths(
            "SELECT DISTINCT path FROM jobs INDEXED BY jobs_by_path WHERE path > ? AND"
            " state = 'failed' AND id NOT IN (SELECT job FROM plans) ORDER BY path LIMIT ?",
            os.fsencode(after),
            limit,
        )

    def _next_paths(
        self, states: tuple[str, ...], with_left_out: bool, folder: str, after: str, limit: int
    ) -> list[str]:
        top = os.fsencode(folder)
        # "0" comes next after "/".
        within, bounds = "path > ?", [os.fsencode(after)]
        if folder:
            within += " AND path < ? AND (path = ? OR path >= ?)"
            bounds += [top + b"0", top, top + b"/"]
        named = ", ".join(f"'{state}'" for state in states)
        jobs = f"jobs INDEXED BY jobs_by_path WHERE {within} AND state IN ({named})"
        tables = [jobs, f"left_out WHERE {within}"][: 1 + with_left_out]
        each = (f"SELECT DISTINCT path FROM {table} ORDER BY path LIMIT ?" for table in tables)
        found = " UNION ".join(f"SELECT * FROM ({select})" for select in each)
        values = [*bounds, limit] * len(tables)
        return self._paths(f"{found} ORDER BY path LIMIT ?", *values, limit)

    def waiting_for(
        self, *reasons: JobReason, after: int = 0, limit: int = _ALL, known: bool = False
    ) -> list[Job]:
        """Return the jobs that wait for one of these reasons, the oldest first, after a number.

        `known`: only those whose source was read once.
        """
        index, read = ("jobs_waiting_known", " AND source_sha256 <> ''") if known else _WAITING
        # Of each reason by itself: so SQLite goes along the index, and sorts no more than it needs.
        of_reason = (
            f"SELECT * FROM (SELECT id FROM jobs INDEXED BY {index}"
            f" WHERE state = 'waiting' AND reason = ? AND id > ?{read} ORDER BY id LIMIT ?)"
        )
        found = " UNION ALL ".join([of_reason] * len(reasons))
        values = [value for reason in reasons for value in (reason, after, limit)]
        return self._where(f"id IN ({found}) ORDER BY id LIMIT ?", *values, limit)

    def left_out(self) -> list[Job]:
        """Return the newest version of each post that is left out."""
        newest = "SELECT max(id) FROM jobs WHERE path IN (SELECT path FROM left_out) GROUP BY path"
        return self._where(f"id IN ({newest})")

    def published_after(self, number: int, limit: int) -> list[Job]:
        """Return the next published jobs after a number, to look through all of them in steps."""
        return self._where("state = 'done' AND id > ? ORDER BY id LIMIT ?", number, limit)

    def unfinished(self, path: str) -> list[Job]:
        """Return the open, waiting and failed jobs of a path."""
        return self._of(path, f"state IN {_UNFINISHED}")

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

    def published_alike(self, sha256: str, limit: int) -> list[Job]:
        """Return published jobs with this content whose sources the daemon did not remove.

        At most `limit` whose source is gone, and as many of the newest.
        """
        of_content = "SELECT id FROM jobs WHERE source_sha256 = ? AND state = 'done'"
        return self._where(
            f"EXISTS (SELECT 1 FROM sources WHERE sources.path = jobs.path) AND id IN ("
            f" SELECT * FROM ({of_content} ORDER BY id DESC LIMIT ?) UNION SELECT * FROM ("
            "   SELECT jobs.id FROM sources JOIN jobs ON jobs.path = sources.path"
            "   WHERE sources.sha256 = ? AND sources.gone_at IS NOT NULL"
            "   AND jobs.source_sha256 = ? AND jobs.state = 'done' LIMIT ?))",
            *(sha256, limit),
            *(sha256, sha256, limit),
        )

    def is_published_alike(self, path: str, sha256: str) -> bool:
        """True if a path has a narration of this content, and the daemon did not remove it."""
        job = self.published(path)
        known = "SELECT 1 FROM sources WHERE path = ?"
        is_known = self._value(known, os.fsencode(path)) is not None
        return job is not None and job.source_sha256 == sha256 and is_known

    def is_moving(self, job: Job) -> bool:
        """True if another path has the same content, and a job that will publish it there."""
        under_way = f"source_sha256 = ? AND state IN {_UNDER_WAY} AND path <> ?"
        found = f"SELECT 1 FROM jobs WHERE {under_way} LIMIT 1"
        return self._value(found, job.source_sha256, os.fsencode(job.path)) is not None

    def history(self, path: str) -> list[Job]:
        """Return every version of a path, the oldest first."""
        return self._of(path, "1")

    @property
    def is_empty(self) -> bool:
        """True if no job was ever entered."""
        return self._value("SELECT 1 FROM jobs LIMIT 1") is None

    def counts(self) -> dict[JobState, int]:
        """Count the jobs in each state; a state without jobs may be missing."""
        rows = self._db.rows("SELECT state, count FROM job_counts WHERE count > 0")
        return {JobState(state): count for state, count in rows}

    def done_since(self, moment: float) -> int:
        """Count the narrations finished since a moment; times in the future do not count."""
        done = "SELECT count(*) FROM jobs WHERE done_at BETWEEN ? AND ?"
        return int(self._value(done, moment, time.time()))

    def write_plan(
        self, job: Job, plan: bytes, *, title: str, narration: str, keys: Sequence[str]
    ) -> Job:
        """Keep a job's plan and the cache keys of its chunks, and move the job to planned."""
        with self._db.transaction():
            self._db.rows(
                "INSERT OR REPLACE INTO plans VALUES (?, ?)", (job.id, zlib.compress(plan, 1))
            )
            self._db.rows(
                "UPDATE jobs SET title = ?, narration = ? WHERE id = ?", (title, narration, job.id)
            )
            self._db.rows("DELETE FROM chunks WHERE job = ?", (job.id,))
            self._db.executemany(
                "INSERT INTO chunks (job, seq, key) VALUES (?, ?, ?)",
                [(job.id, seq, key) for seq, key in enumerate(keys)],
            )
            return self.move(job, JobState.PLANNED)

    def replace_takes(self, job: Job, plan: bytes, *, narration: str, keys: Sequence[str]) -> None:
        """Keep a job's plan with other takes, and their keys."""
        with self._db.transaction():
            self._db.rows(
                "UPDATE plans SET plan = ? WHERE job = ?", (zlib.compress(plan, 1), job.id)
            )
            self._db.rows("UPDATE jobs SET narration = ? WHERE id = ?", (narration, job.id))
            self._db.executemany(
                "UPDATE chunks SET key = ? WHERE job = ? AND seq = ?",
                [(key, job.id, seq) for seq, key in enumerate(keys)],
            )

    def plan(self, job: Job) -> bytes | None:
        plan = self._value("SELECT plan FROM plans WHERE job = ?", job.id)
        return plan and zlib.decompress(plan)

    def _insert(self, **columns: Any) -> Job:
        names, places = ", ".join(columns), _places(columns)
        rows = self._db.rows(
            f"INSERT INTO jobs ({names}) VALUES ({places}) RETURNING {_JOB}",
            tuple(columns.values()),
        )
        return _job(rows[0])

    def _of(self, path: str, condition: str) -> list[Job]:
        return self._where(f"path = ? AND {condition}", os.fsencode(path))

    def _where(self, condition: str, *values: Any) -> list[Job]:
        """Return the jobs that meet an SQL condition, the oldest first."""
        ordered = condition if " ORDER BY " in condition else f"{condition} ORDER BY id"
        return [
            _job(row) for row in self._db.rows(f"SELECT {_JOB} FROM jobs WHERE {ordered}", values)
        ]


def _places(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _job(row: Sequence[Any]) -> Job:
    number, path, state, cause, sha256, size_bytes, stem, created, changed, reason, *rest = row
    version = (number, os.fsdecode(path), JobState(state), JobCause(cause), sha256, size_bytes)
    return Job(*version, os.fsdecode(stem), created, changed, JobReason(reason), *rest)
