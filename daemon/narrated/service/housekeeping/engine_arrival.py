"""Resumes jobs that wait for an engine or a voice."""

from narrated.service.job_resumption import JobResumption
from narrated.workers.pool import WorkerPool


class EngineArrival:
    """Resumes them when a worker announces an engine, or other voices."""

    retry_s = None

    def __init__(self, pool: WorkerPool, waiting: JobResumption) -> None:
        self._pool = pool
        self._waiting = waiting
        self._workers: set[tuple[str, int | None, tuple[str, ...], int]] = set()

    async def turn(self) -> None:
        """Resume them if a worker is new or changed. Errors: StorageError."""
        states = self._pool.states()
        workers = {(each.name, each.pid, each.engines, each.changes) for each in states}
        if workers - self._workers:
            self._waiting.resume("engine")
        self._workers = workers
