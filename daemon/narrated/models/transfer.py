"""The transfer of one file: gone on with after every cut, and believed only when its hash fits."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from narrated.errors import NarratedError
from narrated.models.file_hashes import FileHashes, HubFile, digest, size
from narrated.models.hub import ContentStream, Hub, TransferInterrupted
from narrated.models.store import ModelStore, writing

CUTS = 5
"""How many cuts in a row, without a byte between them, are put up with."""

Came = Callable[[int], None]
"""Told how many bytes more there are; fewer, where some are to be fetched again."""


class TransferStopped(Exception):
    """The transfer was told to stop; its part stays."""


@dataclass(frozen=True, slots=True)
class FileTransfer:
    """The way from a repository at a commit into parts on the disk."""

    hub: Hub
    shelf: ModelStore
    repository: str
    commit: str
    stop: threading.Event

    def fetch(self, file: HubFile, came: Came) -> FileHashes:
        """Have a file whole as its part; NarratedError where it stays away or comes damaged twice.

        What an earlier try left is gone on with. If that does not fit in the end, the file is
        fetched once more from its beginning. Stopped when told so.
        """
        part = self.shelf.part(self.repository, file.name, file.content)
        came(size(part))
        found = self._whole(file, part, came)
        if not found.fits(file):
            found = self._whole(file, part, came)
        if not found.fits(file):
            raise self._damaged(file, found)
        return found

    def _whole(self, file: HubFile, part: Path, came: Came) -> FileHashes:
        """What came; where that is not what the hub lists, it is removed again."""
        with writing(self.shelf.path):
            self._complete(file, part, came)
            found = digest(part)
            if not found.fits(file):
                came(-found.size)
                part.unlink()
        return found

    def _complete(self, file: HubFile, part: Path, came: Came) -> None:
        cuts = 0
        with self.shelf.grow(part) as grown:
            furthest = grown.seek(0, 2)
            while grown.seek(0, 2) < file.size:
                cut = self._gone_on(file, grown, came)
                reached = grown.seek(0, 2)
                if reached >= file.size:
                    return
                # A hub that begins anew each time comes no further: that counts as well.
                cuts = 0 if reached > furthest else cuts + 1
                furthest = max(furthest, reached)
                if cuts == CUTS:
                    raise cut
                if self.stop.wait(self.hub.pause_s * 2 ** max(0, cuts - 1)):
                    raise TransferStopped

    def _gone_on(self, file: HubFile, grown: BinaryIO, came: Came) -> TransferInterrupted:
        """Take what comes now; gives what it ended with before the end."""
        try:
            self._go_on(file, grown, came)
        except TransferInterrupted as cut:
            return cut
        return TransferInterrupted(
            f"{file.name} of {self.repository} ends before the {file.size} bytes that the hub "
            "lists.",
            "Try the same command later: it goes on where it stopped.",
        )

    def _go_on(self, file: HubFile, grown: BinaryIO, came: Came) -> None:
        have = grown.seek(0, 2)
        with self.hub.content(self.repository, self.commit, file.name, have) as content:
            if content.start > have:
                raise TransferInterrupted(
                    f"{file.name} of {self.repository} was sent from the wrong place."
                )
            came(content.start - have)
            grown.truncate(content.start)
            grown.seek(content.start)
            self._write(content, grown, came)

    def _write(self, content: ContentStream, grown: BinaryIO, came: Came) -> None:
        for piece in content.pieces:
            rest = memoryview(piece)
            while rest:  # an unbuffered file may take less than it is given
                rest = rest[grown.write(rest) :]
            came(len(piece))
            if self.stop.is_set():
                raise TransferStopped

    def _damaged(self, file: HubFile, found: FileHashes) -> NarratedError:
        got = found.sha256 if file.sha256 else found.blob
        return NarratedError(
            f"{file.name} of {self.repository} came damaged twice: {found.size} bytes with the "
            f"hash {got[:12]}…, where the hub lists {file.size} with {file.content[:12]}….",
            f"Try again over another network: narrated models pull {self.repository}",
        )
