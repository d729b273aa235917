"""Disposal of sources after their narration: archive or delete, by the user's `after` setting."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from narrated.disk_threads import TRANSFER_S
from narrated.errors import NarratedError, SourceAbsent, StorageError
from narrated.inbox import archive_or_delete, held_source
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.file_signature import FileSignature
from narrated.jobs.departed_versions import DepartedVersions
from narrated.jobs.events import EventDispatcher, JobStopped, SourceRemoved
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class DisposalPolicy:
    """The fate of a source in the inbox after its narration is published."""

    policy: Literal["keep", "archive", "delete"]
    archive: Path | None = None


@dataclass(frozen=True, slots=True)
class Disposal:
    """A file to archive or delete, as it was in the inbox."""

    path: str
    signature: FileSignature
    sha256: str


@dataclass(eq=False)
class SourceDisposal:
    """Archives or deletes sources and their pictures, one file at a time."""

    _ledger: Ledger
    _events: EventDispatcher
    _inbox: AsyncInboxReader
    after: DisposalPolicy
    """The policy in force; a reload replaces it."""
    record: Path | None = None
    """Names the source that is leaving, for `put_back` after a kill."""
    departed: DepartedVersions = field(default_factory=DepartedVersions)
    """The versions that it removes, for the inbox's late reports of them."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def disposes(self) -> bool:
        """True if a source leaves the inbox after its narration."""
        return self.after.policy != "keep"

    def release(self, job: Job) -> Disposal | None:
        """Forget the narrated version of a source that is to leave; None if it stays.

        The ledger forgets it before the file is gone, so that it never counts as a file that the
        user deleted or moved. After a kill in between, the scanner finds the file again; its
        words are narrated already, and it leaves then. A source stays while a post shows it, or
        while another job of it is open: it leaves after that job. A gallery stays with its
        pictures: with the next one, it is made of all of them.
        """
        if is_gallery_path(job.path):
            return None
        current = self._ledger.jobs.current(job.path)
        if not self.disposes or current is None or current.id != job.id:
            return None
        leaving = self._disposal_of(job.path, job.source_sha256)
        if leaving is None or self._is_shown(job.path, by_other_than=job.path):
            return None
        self._ledger.sources.forget_version(job.path, leaving.signature)
        self._ledger.afterwards(partial(self.departed.begin, job.path, leaving.signature))
        return leaving

    async def remove(self, leaving: Disposal, pictures: Mapping[str, str]) -> None:
        """Archive or delete a released source, and those of its pictures that no other post shows.

        `pictures`: inbox path to the sha256 that was described.
        """
        await self._remove_source(leaving)
        for path, sha256 in pictures.items():
            picture = self._disposal_of(path, sha256)
            if picture and not self._is_shown(path, by_other_than=leaving.path):
                await self._remove_picture(picture)

    async def put_back(self) -> None:
        """Put a source back that was about to leave when the daemon was killed.

        It comes before the inbox is read: the ledger learns the ctime that the renames changed.
        """
        if self.record is None:
            return
        call = partial(held_source.put_back, self._inbox.root, self.record)
        try:
            found = await self._inbox.disk.run(call, patience_s=TRANSFER_S)
        except (OSError, StorageError) as error:
            log.warning("a source that was leaving cannot be put back: %s", error)
            return
        if found is None:
            return
        path, now = found
        log.info("%s was about to leave the inbox, and is put back", printable(path))
        known = self._ledger.sources.signature(path)
        if known is not None and replace(known, ctime_ns=now.ctime_ns) == now:
            self._ledger.sources.record(path, now, self._ledger.sources.sha256(path))

    async def remove_left_pictures(self) -> None:
        """Remove pictures whose post was already removed when the daemon was killed."""
        if not self.disposes:
            return
        for path, posts in self._ledger.pictures.left_behind().items():
            picture = self._disposal_of(path, self._ledger.sources.sha256(path))
            if picture and not await self._inbox.existing(posts):
                await self._remove_picture(picture)

    async def remove_left(self, file: str) -> None:
        """Remove a file that was to leave with a post that has left."""
        leaving = self._disposal_of(file, self._ledger.sources.sha256(file))
        if self.disposes and leaving:
            await self._remove_picture(leaving)

    def _is_shown(self, path: str, *, by_other_than: str) -> bool:
        return bool(self._ledger.pictures.posts_showing(path).keys() - {by_other_than})

    def _disposal_of(self, path: str, sha256: str) -> Disposal | None:
        """A file as the ledger records it; None if its content is another by now."""
        signature = self._ledger.sources.signature(path)
        if signature is None or self._ledger.sources.sha256(path) != sha256:
            return None
        return Disposal(path, signature, sha256)

    async def _remove_source(self, source: Disposal) -> None:
        try:
            await self._remove_file(source)
        except SourceAbsent:
            pass  # the user removed it first
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(source.path), error)
            if self._ledger.sources.signature(source.path) is None:  # no newer version has come
                self._ledger.sources.record(source.path, source.signature, source.sha256)
            return
        self._events.publish(SourceRemoved(source.path))

    async def _remove_picture(self, picture: Disposal) -> None:
        try:
            await self._remove_file(picture)
            self._ledger.sources.forget_version(picture.path, picture.signature)
            for job in self._ledger.jobs.stoppable(picture.path):
                if job.source_sha256 == picture.sha256:  # otherwise a newer version has come
                    self._ledger.jobs.move(job, JobState.SUPERSEDED, problem="part of a post")
                    self._events.publish(JobStopped(job))
            self._events.publish(SourceRemoved(picture.path))
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(picture.path), error)

    async def _remove_file(self, file: Disposal) -> None:
        self.departed.begin(file.path, file.signature)
        has_left = False
        try:
            async with self._lock:
                dispose = partial(self._archive_or_delete, file.path, file.signature)
                await self._inbox.disk.run(dispose, patience_s=TRANSFER_S)
            has_left = True
        except SourceAbsent:
            has_left = True  # the user removed it first
            raise
        finally:
            self.departed.end(file.path, has_left=has_left)

    def _archive_or_delete(self, path: str, signature: FileSignature) -> None:
        if self.after.policy == "delete":
            archive_or_delete.delete(self._inbox.root, path, signature, self.record)
        elif (into := self.after.archive) is not None:
            archive_or_delete.archive(self._inbox.root, path, signature, into, self.record)
