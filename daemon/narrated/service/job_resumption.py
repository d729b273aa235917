"""Resumes jobs that wait."""

from collections.abc import Callable, Iterable

from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger


class JobResumption:
    """Moves waiting jobs on, and hands them to `push`."""

    def __init__(self, ledger: Ledger, push: Callable[[Job], None]) -> None:
        self._ledger = ledger
        self._push = push

    def resume(self, reason: str) -> None:
        """Resume all jobs that wait for this reason. Errors: StorageError."""
        self.resume_jobs(self._ledger.jobs.waiting_for(JobReason(reason)))

    def resume_jobs(self, jobs: Iterable[Job]) -> None:
        """Resume each job at the stage that it had reached. Errors: StorageError."""
        for job in jobs:
            is_planned = self._ledger.jobs.plan(job) is not None
            # A job that waited for an engine is planned again: its voice may have changed.
            goes_on = is_planned and job.reason is not JobReason.ENGINE
            state = JobState.PLANNED if goes_on else JobState.QUEUED
            self._push(self._ledger.jobs.move(job, state))
