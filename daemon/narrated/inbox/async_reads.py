"""Reads files of the inbox for the event loop: each call runs in a thread of the inbox's disk."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.inbox import safe_read
from narrated.inbox.folder_rules import is_ignored


@dataclass(frozen=True, slots=True)
class AsyncInboxReader:
    """Reads below a root, and follows no link. Errors of all: StorageError if the disk hangs."""

    root: Path
    disk: DiskThreads

    async def read(self, path: str, limit_bytes: int) -> bytes:
        """Read a file. Errors: as `safe_read.read`."""
        return await self.disk.run(
            safe_read.read, self.root, path, limit_bytes, patience_s=TRANSFER_S
        )

    async def beginning(self, path: str, most_bytes: int) -> bytes:
        """Read the first bytes of a file. Errors: as `safe_read.beginning`."""
        return await self.disk.run(safe_read.beginning, self.root, path, most_bytes)

    async def names(self, folder: str) -> list[str]:
        """List a folder; empty if it is absent."""
        return await self.disk.run(safe_read.names, self.root, folder)

    async def exists(self, path: str) -> bool:
        """True if a regular file lies at a path."""
        return await self.disk.run(safe_read.exists, self.root, path)

    async def ignores(self, path: str, configured: Sequence[str]) -> bool:
        """True if a rule, or one of these patterns of the configuration, ignores a file."""
        return await self.disk.run(is_ignored, self.root, path, configured)

    async def existing(self, paths: Collection[str]) -> set[str]:
        """Return those of the paths at which a regular file lies; takes about 10 µs each."""
        return await self._those(safe_read.exists, paths)

    async def readable(self, paths: Collection[str]) -> set[str]:
        """Return those of the paths that could be opened now."""
        return await self._those(safe_read.is_readable, paths)

    async def _those(self, holds: Callable[[Path, str], bool], paths: Collection[str]) -> set[str]:
        if not paths:
            return set()
        return await self.disk.run(lambda: {path for path in paths if holds(self.root, path)})
