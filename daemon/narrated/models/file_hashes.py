"""File hashes: those that the hub lists, and those of a file on the disk."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_READ_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file's size and hashes, as the hub lists them or as read from the disk."""

    name: str
    size: int
    sha256: str
    """The hub lists this hash for large files only; empty for small ones."""
    blob: str
    """Git's hash of the content. For a large file the hub lists that of a pointer instead."""

    @property
    def content(self) -> str:
        """The hash by which the hub identifies the content."""
        return self.sha256 or self.blob

    def matches(self, listed: "HashedFile") -> bool:
        """True if the content on the disk is the content that the hub lists."""
        found = self.sha256 if listed.sha256 else self.blob
        return (self.size, found) == (listed.size, listed.content)


def hash_file(path: Path) -> HashedFile:
    """Read a file and hash it. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        size = path.stat().st_size
        sha256 = hashlib.sha256()
        blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while block := file.read(_READ_BYTES):
            sha256.update(block)
            blob.update(block)
    return HashedFile(path.name, size, sha256.hexdigest(), blob.hexdigest())


def size_if_file(path: Path) -> int | None:
    """Size of a regular file in bytes; None if there is none, or if it cannot be looked at."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
