"""Takes up posts that were held back for their date, once the clock says that it has come."""

import asyncio
import time
from dataclasses import dataclass

from narrated.jobs.job_creation import JobCreator
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.service.housekeeping.duty import Duty

MOST_DUE = 8
"""Posts in one turn of the loop: their jobs hold it up for a few milliseconds."""


@dataclass(eq=False)
class DuePosts(Duty):
    """Asks the ledger's index of dates each second, so that a clock may be set either way."""

    _ledger: Ledger
    _jobs: JobCreator

    async def turn(self) -> float | None:
        """Create the jobs of the next few. Errors: StorageError."""
        return 0.0 if self.take_up() == MOST_DUE else None

    async def take_up_all(self) -> None:
        """Take up all whose date came while no daemon ran. Errors: StorageError."""
        while self.take_up():
            await asyncio.sleep(0)

    def take_up(self) -> int:
        """Create the jobs of the next few; returns how many were due. Errors: StorageError."""
        due = self._ledger.held_back.due(time.time(), MOST_DUE)
        if not due:
            return 0
        with self._ledger.transaction():
            for path in set(due) - {job.path for job in self._recreate(due)}:
                self._ledger.held_back.forget(path)  # its source is gone, and comes as a new one
        return len(due)

    def _recreate(self, paths: list[str]) -> list[Job]:
        return self._jobs.recreate_all(paths, JobCause.FOUND)
