"""What leaves the inbox once it is narrated: a source, and the pictures that only it shows."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from narrated.errors import NarratedError, SourceAbsent
from narrated.inbox import remove_source, safe_read
from narrated.inbox.readiness import FileSignature
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.printable import printable

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class DisposalPolicy:
    """What becomes of a source in the inbox once its narration is published."""

    policy: Literal["keep", "archive", "delete"] = "keep"
    archive: Path | None = None


@dataclass(frozen=True, slots=True)
class Disposal:
    """A file that is to leave, as it stood in the inbox."""

    path: str
    signature: FileSignature
    sha256: str


class SourceDisposal:
    """Archives or deletes what the user asked to have taken away, one file at a time."""

    def __init__(self, ledger: Ledger, inbox: Path, disk: Executor) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._disk = disk
        self._leaving = asyncio.Lock()
        self.after = DisposalPolicy()
        self.on_taken_away: Callable[[str], None] = lambda path: None
        """Called with a file that we took out of the inbox ourselves."""

        self.on_superseded: Callable[[Job], None] = lambda job: None
        """Called with a job that is not to be done any more."""

    @property
    def disposes(self) -> bool:
        """Whether a source leaves the inbox once it is narrated."""
        return self.after.policy != "keep"

    def let_go(self, job: Job) -> Disposal | None:
        """Forget the source as it was narrated, if it is not to stay and no post shows it.

        Before it is gone: never to be held for one that the user took or moved. One that is still
        there after a kill is found again, is no work, and leaves. None where another version, or
        another job of this one, came meanwhile: the source leaves after that.
        """
        current = self._ledger.jobs.current(job.path)
        if not self.disposes or current is None or current.id != job.id:
            return None
        parting = self._parting(job.path, job.source_sha256)
        if parting is None or self._ledger.pictures.posts_showing(job.path).keys() - {job.path}:
            return None
        self._ledger.sources.forget_version(job.path, parting.signature)
        return parting

    async def send_off(self, parting: Disposal, pictures: Mapping[str, str]) -> None:
        """Archive or delete what was let go of, and those of its pictures that only it shows.

        `pictures` are inbox paths with the sha256 that each was described as.
        """
        await self._take_source(parting)
        for path, sha256 in pictures.items():  # they are known until now
            picture = self._parting(path, sha256)
            if picture and not self._ledger.pictures.posts_showing(path).keys() - {parting.path}:
                await self._take_picture(picture)

    async def take_left_pictures(self) -> None:
        """Have those follow that a kill kept from following their post out of the inbox."""
        if not self.disposes:
            return
        for path, posts in self._ledger.pictures.left_behind().items():
            picture = self._parting(path, self._ledger.sources.sha256(path))
            if picture and not any(safe_read.exists(self._inbox, post) for post in posts):
                await self._take_picture(picture)

    def _parting(self, path: str, sha256: str) -> Disposal | None:
        """A file of this content, as the ledger knows it; None where it is another by now."""
        signature = self._ledger.sources.signature(path)
        if signature is None or self._ledger.sources.sha256(path) != sha256:
            return None
        return Disposal(path, signature, sha256)

    async def _take_source(self, source: Disposal) -> None:
        try:
            await self._take(source)
            self.on_taken_away(source.path)
        except SourceAbsent:  # somebody else took it away
            self.on_taken_away(source.path)
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(source.path), error)
            if self._ledger.sources.signature(source.path) is None:  # else a newer version has come
                self._ledger.sources.record(source.path, source.signature, source.sha256)

    async def _take_picture(self, picture: Disposal) -> None:
        try:
            await self._take(picture)
            self._ledger.sources.forget_version(picture.path, picture.signature)
            for waiting in self._ledger.jobs.stoppable(picture.path):
                if waiting.source_sha256 == picture.sha256:  # else a newer version has come
                    self._ledger.jobs.move(waiting, JobState.SUPERSEDED, problem="part of a post")
                    self.on_superseded(waiting)
            self.on_taken_away(picture.path)
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(picture.path), error)

    async def _take(self, file: Disposal) -> None:
        async with self._leaving:
            await asyncio.get_running_loop().run_in_executor(
                self._disk, lambda: self._take_away(file.path, file.signature)
            )

    def _take_away(self, path: str, signature: FileSignature) -> None:
        if self.after.policy == "delete":
            remove_source.delete(self._inbox, path, signature)
        elif self.after.archive is not None:
            remove_source.archive(self._inbox, path, signature, self.after.archive)
