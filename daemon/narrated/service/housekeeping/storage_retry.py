"""Resumes jobs that wait for the storage."""

import asyncio
from collections.abc import Callable

from narrated.backoff import Backoff
from narrated.errors import StorageError
from narrated.ledger.job import JobReason
from narrated.ledger.store import Ledger
from narrated.service.job_resumption import JobResumption

FIRST_S, LONGEST_S = 2.5, 60.0


class StorageRetry:
    """Probes the storage while jobs wait for it, and resumes them once it takes files again.

    A storage that takes the probe and then refuses the job is tried ever more rarely.
    """

    retry_s = FIRST_S

    def __init__(self, ledger: Ledger, probe: Callable[[], None], waiting: JobResumption) -> None:
        """`probe` raises StorageError while state, cache or outbox cannot be written."""
        self._ledger = ledger
        self._probe = probe
        self._waiting = waiting
        self._backoff = Backoff(FIRST_S, LONGEST_S)

    async def turn(self) -> float:
        """Probe if a job waits, and resume all that do. Errors: StorageError."""
        if not self._ledger.jobs.waiting_for(JobReason.STORAGE, limit=1):
            self._backoff.reset()
            return self._backoff.next_s()
        try:
            await asyncio.to_thread(self._probe)
        except StorageError:
            self._backoff.reset()
            raise
        self._waiting.resume("storage")
        return self._backoff.next_s()
