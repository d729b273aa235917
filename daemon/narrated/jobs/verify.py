"""Verification of the outbox after a start: damaged narrations are published again."""

import asyncio
import logging
import os
import time
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
"""The share of one core that verification may use, so that an idle daemon stays idle."""

LATER_S = 30.0
"""The pause before an outbox that cannot be read is tried again."""

log = logging.getLogger("narrated")


class OutboxVerifier:
    """Publishes each narration again, from the cache, whose files do not match their manifest.

    A file that is missing was taken away by its listener, and stays away.
    """

    def __init__(
        self,
        ledger: Ledger,
        jobs: JobFactory,
        *,
        mount_guard: MountGuard,
        disk: Executor,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._mount_guard = mount_guard
        self._outbox = mount_guard.outbox
        self._disk = disk
        self._swept: set[Path] = set()

    async def run(self) -> None:
        """Check every published narration, the oldest first."""
        last: int | None = 0
        while last is not None:
            began = time.thread_time()
            try:
                last, cost_s = await self._check_after(last)
            except StorageError as error:  # an absent outbox is not damaged
                log.debug("the outbox is verified later: %s", error)
                await asyncio.sleep(LATER_S)
            else:
                await asyncio.sleep((cost_s + time.thread_time() - began) / SHARE)

    async def _check_after(self, last: int) -> tuple[int | None, float]:
        """Check the next jobs; return the last one's id (None at the end) and the CPU time."""
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
        self._mount_guard.check()
        for folder in {(self._outbox / job.stem).parent for job in jobs} - self._swept:
            self._sweep(folder)
        damaged = [job for job in jobs if not _matches(self._outbox, job.stem)]
        return damaged, time.thread_time() - began

    def _sweep(self, folder: Path) -> None:
        """Remove unfinished files of a killed daemon; this daemon may be writing there too."""
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
            self._jobs.recreate(job.path, JobCause.REFRESH)


def _matches(outbox: Path, stem: str) -> bool:
    """True if the files that exist have the sizes that their manifest says."""
    path = outbox / (stem + MANIFEST_SUFFIX)
    try:
        manifest = manifests.read(path)
    except StorageError:
        audio = (outbox / (stem + each.suffix) for each in FORMATS.values())
        # A file that may not be read counts as missing: os.path.exists raises nothing.
        return not any(os.path.exists(file) for file in (path, *audio))  # noqa: PTH110
    return all(_size(path.parent / each.name) in (each.bytes, None) for each in manifest.outputs)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
