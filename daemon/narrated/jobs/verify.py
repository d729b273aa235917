"""After a start: what stands in the outbox is looked through, and what was damaged is mended."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from narrated.audio.formats import FORMATS
from narrated.errors import StorageError
from narrated.jobs.job_factory import JobFactory
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.outbox import manifest as manifests
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.publish import sweep
from narrated.printable import printable

AT_ONCE = 100
SHARE = 0.001
"""The part of a core that looking through may take: idle must stay idle, and there is no haste."""

LATER_S = 30.0
"""How long an outbox is given that cannot be looked through."""

log = logging.getLogger("narrated")


class OutboxVerifier:
    """Publishes anew, from the cache, each narration whose files do not match their manifest.

    What is missing altogether was taken away by whoever listens, and is left so.
    """

    def __init__(
        self,
        ledger: Ledger,
        register: JobFactory,
        *,
        ground: MountGuard,
        disk: Executor,
        enqueue: Callable[[Job], None],
    ) -> None:
        self._ledger = ledger
        self._register = register
        self._ground = ground
        self._outbox = ground.outbox
        self._disk = disk
        self._enqueue = enqueue
        self._swept: set[Path] = set()

    async def run(self) -> None:
        """Look through all that is done, oldest first, and have what is damaged done again."""
        last: int | None = 0
        while last is not None:
            began = time.thread_time()
            try:
                last, cost_s = await self._look_after(last)
            except StorageError as error:  # an outbox that is away is not damaged
                log.debug("what is published is looked through later: %s", error)
                await asyncio.sleep(LATER_S)
            else:
                await asyncio.sleep((cost_s + time.thread_time() - began) / SHARE)

    async def _look_after(self, last: int) -> tuple[int | None, float]:
        """Mend the next few; gives back where they end, None at the end of all, and the cost."""
        jobs = self._ledger.jobs.published_after(last, AT_ONCE)
        if not jobs:
            return None, 0
        damaged, cost_s = await asyncio.get_running_loop().run_in_executor(
            self._disk, self._damaged, jobs
        )
        for job in damaged:
            self._redo(job)
        return jobs[-1].id, cost_s

    def _damaged(self, jobs: list[Job]) -> tuple[list[Job], float]:
        began = time.thread_time()
        self._ground.check()
        for folder in {(self._outbox / job.stem).parent for job in jobs} - self._swept:
            self._sweep(folder)
        damaged = [job for job in jobs if not _matches(self._outbox, job.stem)]
        return damaged, time.thread_time() - began

    def _sweep(self, folder: Path) -> None:
        """Remove what a killed daemon left unfinished; ours may be at work there meanwhile."""
        self._swept.add(folder)
        try:
            sweep(folder)
        except StorageError as error:
            log.warning("%s", error)

    def _redo(self, job: Job) -> None:
        current = self._ledger.jobs.current(job.path)
        if current is not None and current.id == job.id:
            about = fields(file=job.path, job=job.id)
            log.warning("%s: its narration was damaged", printable(job.path), extra=about)
            if again := self._register.again(job.path, JobCause.REFRESH):
                self._enqueue(again)


def _matches(outbox: Path, stem: str) -> bool:
    """Whether what is there of a narration is as its manifest says, by size."""
    path = outbox / (stem + MANIFEST_SUFFIX)
    try:
        standing = manifests.read(path)
    except StorageError:
        sound = (outbox / (stem + each.suffix) for each in FORMATS.values())
        # What may not be looked at counts as missing: os.path.exists raises nothing.
        return not any(os.path.exists(file) for file in (path, *sound))  # noqa: PTH110
    return all(_size(path.parent / each.name) in (each.bytes, None) for each in standing.outputs)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
