"""Digests of the sound files that the configuration names as intro and outro."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError, StorageError
from narrated.printable import printable
from narrated.workers.encoder_pool import EncoderPool

Signature = tuple[int, ...]


@dataclass(eq=False)
class SoundFileDigests:
    """Tells the content of each sound file by its sha256; a file is decoded when it is another."""

    _encoders: EncoderPool
    _disk: DiskThreads
    """That of the state; a hung disk of the files is a hung disk of it."""
    _known: dict[str, tuple[Signature, str]] = field(default_factory=dict)
    problem: str = ""
    """The problem of a file of the configuration in force; empty if all can be used."""

    async def of(self, files: Mapping[str, str]) -> dict[str, str]:
        """Map the keys of the configuration to digests; `files` are paths, empty for none.

        Errors: StorageError, if a file is missing or no sound: posts wait for it.
        """
        try:
            digests = await self.check(files)
        except StorageError as error:
            self.problem = str(error)
            raise
        self.problem = ""
        return digests

    async def check(self, files: Mapping[str, str]) -> dict[str, str]:
        """Do the same for files that are not in force yet."""
        return {key: await self._digest(key, path) for key, path in files.items() if path}

    async def _digest(self, key: str, path: str) -> str:
        signature = await self._disk.run(_signature, Path(path))
        known, digest = self._known.get(path, ((), ""))
        if not signature or known != signature:
            digest = await self._decoded(key, path)
            self._known[path] = signature, digest
        if not digest:
            shown = f"`audio: {key}`: {printable(path)}"
            raise StorageError(f"{shown} crashes the encoder.", "Name another file.")
        return digest

    async def _decoded(self, key: str, path: str) -> str:
        """The digest of a file; empty if it crashes encoders, which is not tried again."""
        try:
            return await self._encoders.check_sound_file(path, key)
        except StorageError:
            raise
        except NarratedError:
            return ""


def _signature(path: Path) -> Signature:
    """A value that changes with a file's content; empty if the file is missing or unreadable."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
