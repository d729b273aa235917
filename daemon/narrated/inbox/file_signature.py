"""Tells versions of a file apart by its inode, size and times."""

import os

import msgspec

_INT64 = (1 << 63) - 1


class FileSignature(msgspec.Struct, frozen=True, gc=False):
    """Identity of one version of a file, known without reading it.

    The device is not part of it: a reboot may number devices differently, and a stored signature
    must outlive that.
    """

    inode: int
    """Folded to 63 bits, so that every store can hold it."""
    size: int
    mtime_ns: int
    ctime_ns: int
    """No writer can set it, so it changes even if the writer restores an old mtime."""

    @classmethod
    def of(cls, status: os.stat_result) -> "FileSignature":
        """Return the signature in a stat result."""
        return cls(status.st_ino & _INT64, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def fingerprint(self) -> int:
        """The signature in one integer: a fifth of its memory, for 100,000 files.

        Equal for two versions of one file only by a chance of about 1 in 10^18.
        """
        return hash((self.inode, self.size, self.mtime_ns, self.ctime_ns))


def fingerprint(status: os.stat_result) -> int:
    """Return the fingerprint of a stat result, without the cost of a signature."""
    return hash((status.st_ino & _INT64, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
