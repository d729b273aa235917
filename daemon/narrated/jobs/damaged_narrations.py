"""The check after a start: damaged narrations of the outbox are published again."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from narrated.audio.formats import FORMATS
from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.errors import StorageError
from narrated.jobs.job_creation import JobCreator
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.open_folder import split
from narrated.outbox.published_files import is_damaged, sweep
from narrated.outbox.sliced_digest import digests_of
from narrated.printable import printable

AT_ONCE = 100
SHARE = 0.001
"""The share of one core that verification may use, so that an idle daemon stays idle."""

DIGEST_SHARE = 0.01
"""The share of one core that the digests after a restored ledger may use."""

LATER_S = 30.0
"""The pause before an outbox that cannot be read is tried again."""

log = logging.getLogger("narrated")


@dataclass(eq=False)
class DamagedNarrationCheck:
    """Publishes each narration again, from the cache, whose files do not match their manifest.

    A file that is missing was taken away by its listener, and stays away.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _mount_guard: MountGuard
    _disk: DiskThreads
    _swept: set[str] = field(default_factory=set)

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
        await self._compare_restored()

    async def _compare_restored(self) -> None:
        """Compare the digests of narrations that a manifest alone vouches for, each once.

        A start that restores the ledger looks at sizes: to read all sound would take hours.
        """
        while (number := self._ledger.restored.first()) is not None:
            try:
                for job in self._ledger.jobs.published_after(number - 1, 1):
                    if job.id == number and await self._is_other(job):
                        self._redo(job)
                self._ledger.restored.forget(number)
            except StorageError as error:
                log.debug("the outbox is compared later: %s", error)
                await asyncio.sleep(LATER_S)

    async def _is_other(self, job: Job) -> bool:
        """True if a file of a narration differs from its digest. Errors: StorageError."""
        outbox, stem = self._mount_guard.outbox, job.stem
        await self._disk.run(self._mount_guard.check)
        files = await self._disk.run(digests_of, outbox, stem, job.duration_s or 0.0)
        for file in files:
            is_more = True
            while is_more:
                is_more, cost_s = await self._disk.run(_timed, file.read_slice)
                await asyncio.sleep(cost_s / DIGEST_SHARE)
        return any(file.is_other for file in files)

    async def _check_after(self, last: int) -> tuple[int | None, float]:
        """Check the next jobs; return the last one's id (None at the end) and the CPU time."""
        jobs = self._ledger.jobs.published_after(last, AT_ONCE)
        if not jobs:
            return None, 0
        damaged, cost_s = await self._disk.run(self._damaged, jobs, patience_s=TRANSFER_S)
        for job in damaged:
            self._redo(job)
        return jobs[-1].id, cost_s

    def _damaged(self, jobs: list[Job]) -> tuple[list[Job], float]:
        began, outbox = time.thread_time(), self._mount_guard.outbox
        self._mount_guard.check()
        folders = {split(job.stem)[0] for job in jobs} - self._swept
        self._swept |= folders
        sweep_all(outbox, folders)
        damaged = [job for job in jobs if _is_damaged(outbox, job.stem)]
        return damaged, time.thread_time() - began

    def _redo(self, job: Job) -> None:
        current = self._ledger.jobs.current(job.path)
        if current is not None and current.id == job.id:
            about = fields(file=job.path, job=job.id)
            log.warning("%s: its narration was damaged", printable(job.path), extra=about)
            self._jobs.recreate(job.path, JobCause.REFRESH)


def _timed(call: Callable[[], bool]) -> tuple[bool, float]:
    """Return what a call returns, and its CPU time in seconds."""
    began = time.thread_time()
    return call(), time.thread_time() - began


def sweep_all(outbox: Path, folders: Iterable[str]) -> None:
    """Remove unfinished files of a killed daemon; one that is refused is logged."""
    for folder in folders:
        try:
            sweep(outbox, folder)
        except StorageError as error:
            log.warning("%s", error)


def _is_damaged(outbox: Path, stem: str) -> bool:
    """True if a file differs from its manifest; one that may not be seen counts as missing."""
    with suppress(OSError):
        return is_damaged(outbox, stem, (each.suffix for each in FORMATS.values()))
    return False
