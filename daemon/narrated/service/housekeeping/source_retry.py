"""Resumes jobs whose source could not be opened."""

import asyncio
from pathlib import Path

from narrated.backoff import Backoff
from narrated.inbox import safe_read
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.service.job_resumption import JobResumption

FIRST_S, LONGEST_S = 2.0, 60.0


class SourceRetry:
    """Opens the sources that jobs wait for, and resumes the jobs whose source opens.

    The inbox reports a file only if it changed. A file that comes back unchanged, with a moved
    inbox or a folder that was closed, is found here alone. A source that opens may still show a
    picture that does not: its job waits again, and is tried ever more rarely.
    """

    retry_s = None

    def __init__(self, ledger: Ledger, inbox: Path, waiting: JobResumption) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._waiting = waiting
        self._seen: set[int] = set()
        self._backoff = Backoff(FIRST_S, LONGEST_S)

    async def turn(self) -> float:
        """Try each source once. Errors: StorageError."""
        jobs = self._ledger.jobs.waiting_for_source()
        self._note_new({job.id for job in jobs})
        if jobs:
            readable = await asyncio.to_thread(self._readable, jobs)
            # A job whose source was deleted meanwhile ends as soon as it is tried.
            deleted = {job.id for job in jobs if not self._ledger.sources.sha256(job.path)}
            tried = [self._ledger.jobs.get(number) for number in sorted(readable | deleted)]
            self._waiting.resume_jobs([job for job in tried if job.state is JobState.WAITING])
        return self._backoff.next_s()

    def _note_new(self, ids: set[int]) -> None:
        """Retry soon if a job has begun to wait since the last turn, or none waits."""
        if not ids or ids - self._seen:
            self._backoff.reset()
        self._seen = ids

    def _readable(self, jobs: list[Job]) -> set[int]:
        return {job.id for job in jobs if safe_read.is_readable(self._inbox, job.path)}
