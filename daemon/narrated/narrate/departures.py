"""What leaves the inbox once it is narrated: a source, and the pictures that only it shows."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from narrated.errors import NarratedError
from narrated.inbox import after, files
from narrated.inbox.scan import Signature
from narrated.ledger.job import Job, State
from narrated.ledger.store import Ledger
from narrated.printable import printable

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class AfterNarration:
    """What becomes of a source in the inbox once its narration is published."""

    policy: Literal["keep", "archive", "delete"] = "keep"
    archive: Path | None = None


@dataclass(frozen=True, slots=True)
class Parting:
    """A source that was let go of, as it stood in the inbox."""

    path: str
    signature: Signature
    sha256: str


class Departures:
    """Archives or deletes what the user asked to have taken away, one file at a time."""

    def __init__(self, ledger: Ledger, inbox: Path, disk: Executor) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._disk = disk
        self._leaving = asyncio.Lock()
        self.after = AfterNarration()
        self.on_taken_away: Callable[[str], None] = lambda path: None
        """Called with a file that we took out of the inbox ourselves."""

        self.on_superseded: Callable[[Job], None] = lambda job: None
        """Called with a job that is not to be done any more."""

    @property
    def disposes(self) -> bool:
        """Whether a source leaves the inbox once it is narrated."""
        return self.after.policy != "keep"

    def let_go(self, job: Job) -> Parting | None:
        """Forget the source, if it is not to stay and no post shows it.

        Before it is gone: never to be held for one that the user took or moved. One that is still
        there after a kill is found again, is no work, and leaves.
        """
        signature = self._ledger.signature(job.path) if self.disposes else None
        if signature is None or self._ledger.shown_by(job.path).keys() - {job.path}:
            return None
        parting = Parting(job.path, signature, self._ledger.source_sha256(job.path))
        self._ledger.let_go(job.path, signature)
        return parting

    async def send_off(self, parting: Parting, pictures: Iterable[str]) -> None:
        """Archive or delete what was let go of, and those of its pictures that only it shows."""
        await self._take_source(parting)
        for path in pictures:  # they are known until now
            signature = self._ledger.signature(path)
            if signature and not self._ledger.shown_by(path).keys() - {parting.path}:
                await self._take_picture(path, signature)

    async def take_left_pictures(self) -> None:
        """Have those follow that a kill kept from following their post out of the inbox."""
        if not self.disposes:
            return
        for path, posts in self._ledger.left_pictures().items():
            signature = self._ledger.signature(path)
            if signature and not any(files.exists(self._inbox, post) for post in posts):
                await self._take_picture(path, signature)

    async def _take_source(self, parting: Parting) -> None:
        path, signature = parting.path, parting.signature
        try:
            await self._take(path, signature)
            self.on_taken_away(path)
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(path), error)
            if self._ledger.signature(path) is None:  # else a newer version has come
                self._ledger.see(path, signature, parting.sha256)

    async def _take_picture(self, path: str, signature: Signature) -> None:
        try:
            await self._take(path, signature)
            self._ledger.let_go(path, signature)
            for waiting in self._ledger.stoppable(path):
                self._ledger.move(waiting, State.SUPERSEDED, problem="part of a post")
                self.on_superseded(waiting)
            self.on_taken_away(path)
        except NarratedError as error:
            log.warning("%s stays in the inbox: %s", printable(path), error)

    async def _take(self, path: str, signature: Signature) -> None:
        async with self._leaving:
            await asyncio.get_running_loop().run_in_executor(
                self._disk, lambda: self._take_away(path, signature)
            )

    def _take_away(self, path: str, signature: Signature) -> None:
        if self.after.policy == "delete":
            after.delete(self._inbox, path, signature)
        elif self.after.archive is not None:
            after.archive(self._inbox, path, signature, self.after.archive)
