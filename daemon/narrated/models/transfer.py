"""Download of one file: resumes after each interruption, and checks the hash at the end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from narrated.errors import NarratedError
from narrated.models.file_hashes import FileHashes, HubFile, file_size, hash_file
from narrated.models.hub import ContentStream, Hub, TransferInterrupted
from narrated.models.store import ModelStore, explain_write_errors

MAX_INTERRUPTIONS = 5
"""Interruptions in a row, without a new byte between them, before the download fails."""

OnBytes = Callable[[int], None]
"""Called with the number of new bytes; negative if bytes must be fetched again."""


class TransferStopped(Exception):
    """The caller stopped the download. Its incomplete file stays."""


@dataclass(frozen=True, slots=True)
class FileTransfer:
    """Downloads files of a repository at a commit into incomplete files of the model folder."""

    hub: Hub
    store: ModelStore
    repository: str
    commit: str
    stop: threading.Event

    def fetch(self, file: HubFile, on_bytes: OnBytes) -> FileHashes:
        """Download a file and return its hashes.

        Resumes an earlier incomplete download. If the hash is wrong, downloads once more from the
        start. Raises NarratedError if the hub does not send the file or sends it damaged twice,
        TransferStopped if `stop` is set.
        """
        part = self.store.part_path(self.repository, file.name, file.content)
        on_bytes(file_size(part))
        found = self._attempt(file, part, on_bytes)
        if not found.matches(file):
            found = self._attempt(file, part, on_bytes)
        if not found.matches(file):
            raise self._damaged(file, found)
        return found

    def _attempt(self, file: HubFile, part: Path, on_bytes: OnBytes) -> FileHashes:
        """Download a file and hash it. Removes it again if the hash is wrong."""
        with explain_write_errors(self.store.path):
            self._complete(file, part, on_bytes)
            found = hash_file(part)
            if not found.matches(file):
                on_bytes(-found.size)
                part.unlink()
        return found

    def _complete(self, file: HubFile, part: Path, on_bytes: OnBytes) -> None:
        interruptions = 0
        with self.store.open_part(part) as output:
            furthest = output.seek(0, 2)
            while output.seek(0, 2) < file.size:
                interrupted = self._resume(file, output, on_bytes)
                reached = output.seek(0, 2)
                if reached >= file.size:
                    return
                # A hub without ranges starts again each time: no progress beyond `furthest`.
                interruptions = 0 if reached > furthest else interruptions + 1
                furthest = max(furthest, reached)
                if interruptions == MAX_INTERRUPTIONS:
                    raise interrupted
                if self.stop.wait(self.hub.pause_s * 2 ** max(0, interruptions - 1)):
                    raise TransferStopped

    def _resume(self, file: HubFile, output: BinaryIO, on_bytes: OnBytes) -> TransferInterrupted:
        """Receive until the stream ends. Returns the reason that it ended early, if it did."""
        try:
            self._receive(file, output, on_bytes)
        except TransferInterrupted as interrupted:
            return interrupted
        return TransferInterrupted(
            f"The hub ended {file.name} of {self.repository} before the {file.size} bytes that it "
            "lists.",
            "Run the same command again later: it continues where it stopped.",
        )

    def _receive(self, file: HubFile, output: BinaryIO, on_bytes: OnBytes) -> None:
        have = output.seek(0, 2)
        with self.hub.content(self.repository, self.commit, file.name, have) as content:
            if content.start > have:
                raise TransferInterrupted(
                    f"The hub sent {file.name} of {self.repository} from byte {content.start}, "
                    f"not {have}.",
                    "Run the same command again later: it continues where it stopped.",
                )
            on_bytes(content.start - have)
            output.truncate(content.start)
            output.seek(content.start)
            self._write(content, output, on_bytes)

    def _write(self, content: ContentStream, output: BinaryIO, on_bytes: OnBytes) -> None:
        for block in content.blocks:
            rest = memoryview(block)
            while rest:  # an unbuffered file may accept only part of a block
                rest = rest[output.write(rest) :]
            on_bytes(len(block))
            if self.stop.is_set():
                raise TransferStopped

    def _damaged(self, file: HubFile, found: FileHashes) -> NarratedError:
        got = found.sha256 if file.sha256 else found.blob
        return NarratedError(
            f"{file.name} of {self.repository} arrived damaged twice: {found.size} bytes with hash "
            f"{got[:12]}…, but the hub lists {file.size} bytes with hash {file.content[:12]}….",
            f"Try another network: narrated models pull {self.repository}",
        )
