"""Outcomes of jobs that hit an error: the job waits, fails, or ends, and a note tells the user."""

import logging
from pathlib import Path

from narrated.errors import NarratedError, StorageError
from narrated.inbox import safe_read
from narrated.jobs.error_notes import ErrorNotes, log_refused
from narrated.jobs.events import EventDispatcher, JobFailed
from narrated.jobs.job_factory import JobFactory
from narrated.jobs.outbox_access import OutboxAccess
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.printable import printable

log = logging.getLogger("narrated")


class JobOutcomes:
    """Moves a job in the ledger after an error, and writes its note."""

    def __init__(
        self,
        ledger: Ledger,
        jobs: JobFactory,
        notes: ErrorNotes,
        outbox: OutboxAccess,
        events: EventDispatcher,
        inbox: Path,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._notes = notes
        self._outbox = outbox
        self._events = events
        self._inbox = inbox

    async def wait(self, job: Job, reason: JobReason, error: NarratedError) -> None:
        """Let a job wait until housekeeping finds that its reason is gone."""
        if not self._ledger.jobs.get(job.id).is_open or self._give_way(job):
            return
        self._ledger.jobs.move(
            job, JobState.WAITING, reason=reason, problem=error.problem, remedy=error.remedy
        )
        log.warning("%s waits: %s", printable(job.path), error, extra=_about(job))
        if reason is not JobReason.ABSENT:  # an absent source usually returns by itself
            try:
                await self._notes.write(job, error)
            except StorageError as refused:
                log_refused(job, refused)

    async def absent(self, job: Job, error: NarratedError) -> None:
        """Let a job wait for an absent file, unless its own source is reported as gone."""
        is_known = self._ledger.sources.sha256(job.path) == job.source_sha256
        if is_known or safe_read.exists(self._inbox, job.path):
            await self.wait(job, JobReason.ABSENT, error)
        elif self._ledger.jobs.get(job.id).is_open:
            self._remove(job)

    async def fail(self, job: Job, error: NarratedError) -> None:
        """Fail a job by a fault of its source; if no note can be written, it waits instead."""
        if not self._ledger.jobs.get(job.id).is_open or self._give_way(job):
            return
        if not safe_read.exists(self._inbox, job.path):
            await self.absent(job, error)
            return
        try:
            await self._notes.write(job, error)  # before the move: a kill repeats an open job
        except StorageError as refused:
            if not await self._outbox.is_open():
                await self.wait(job, JobReason.STORAGE, refused)
                return
            log_refused(job, refused)
        self._fail(job, error)

    def plan_again(self, job: Job, error: NarratedError) -> None:
        """Replace a job whose plan is outdated by a new job; remove it if its source is gone."""
        log.info("%s is planned again: %s", printable(job.path), error.problem)
        if self._ledger.jobs.get(job.id).state is JobState.PUBLISHING:  # or it could not be stopped
            self._ledger.jobs.move(job, JobState.PLANNED)
        if not self._jobs.recreate(job.path, job.cause):
            self._remove(job)

    def _fail(self, job: Job, error: NarratedError) -> None:
        with self._ledger.transaction():
            self._ledger.jobs.move(job, JobState.FAILED, problem=error.problem, remedy=error.remedy)
            self._events.publish(JobFailed(job))
        log.error("%s failed: %s", printable(job.path), error, extra=_about(job))

    def _remove(self, job: Job) -> None:
        self._ledger.jobs.move(job, JobState.REMOVED, problem="its source is gone")
        self._notes.remove(job)  # of an earlier wait

    def _give_way(self, job: Job) -> bool:
        """Supersede a job if a newer version exists, such as one found during its publication."""
        if self._ledger.jobs.is_newest(job):
            return False
        self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="a newer version")
        return True


def _about(job: Job) -> dict[str, object]:
    return fields(file=job.path, job=job.id)
