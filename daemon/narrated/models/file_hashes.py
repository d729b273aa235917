"""A file's content by its hashes: as a hub lists it, and as it is found on the disk."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_READ_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub lists it; one of the two hashes tells its content."""

    name: str
    size: int
    sha256: str
    """Of a large file's content; empty for small ones."""
    blob: str
    """Git's own hash of a small file's content, or of a large one's pointer."""

    @property
    def content(self) -> str:
        """The hash that tells its content."""
        return self.sha256 or self.blob


@dataclass(frozen=True, slots=True)
class FileHashes:
    """The hashes of a file's content."""

    size: int
    sha256: str
    blob: str
    """As git would name it."""

    def fits(self, offered: HubFile) -> bool:
        """Whether this is what the hub lists."""
        if self.size != offered.size:
            return False
        if offered.sha256:
            return self.sha256 == offered.sha256
        return self.blob == offered.blob


def digest(path: Path) -> FileHashes:
    """Read a file for its hashes; OSError where it cannot be read."""
    with path.open("rb") as file:
        size = path.stat().st_size
        sha256 = hashlib.sha256()
        blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while piece := file.read(_READ_BYTES):
            sha256.update(piece)
            blob.update(piece)
    return FileHashes(size, sha256.hexdigest(), blob.hexdigest())


def size(path: Path) -> int:
    """How much of a file is there; 0 where nothing is."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
