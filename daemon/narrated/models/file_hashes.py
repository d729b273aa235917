"""File hashes: those that the hub lists, and those of a file on the disk."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_READ_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub lists it. One of its two hashes identifies the content."""

    name: str
    size: int
    sha256: str
    """Hash of a large file's content; empty for small files."""
    blob: str
    """Git's hash of a small file's content, or of a large file's pointer."""

    @property
    def content(self) -> str:
        """The hash that identifies the content."""
        return self.sha256 or self.blob


@dataclass(frozen=True, slots=True)
class FileHashes:
    """Size and hashes of a file on the disk."""

    size: int
    sha256: str
    blob: str
    """Git's hash of the content."""

    def matches(self, listed: HubFile) -> bool:
        """True if the content is the content that the hub lists."""
        if self.size != listed.size:
            return False
        if listed.sha256:
            return self.sha256 == listed.sha256
        return self.blob == listed.blob


def hash_file(path: Path) -> FileHashes:
    """Read a file and hash it. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        size = path.stat().st_size
        sha256 = hashlib.sha256()
        blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while block := file.read(_READ_BYTES):
            sha256.update(block)
            blob.update(block)
    return FileHashes(size, sha256.hexdigest(), blob.hexdigest())


def file_size(path: Path) -> int:
    """Size of a file in bytes; 0 if there is no file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
