"""Whether one file is ready: at rest, complete, open to nobody for writing, and the same when read.

Nothing here waits or remembers; `narrated.inbox.inbox` does both.
"""

import errno
import fcntl
import hashlib
import os
import signal
import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from io import FileIO

import msgspec

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK_BYTES = 1 << 18
MOST_HASHED_BYTES = 1 << 28
"""Nothing so large is ever read: beyond this, a size stands for what a file still holds."""
_INT64 = (1 << 63) - 1
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


class ScanStopped(Exception):
    """The inbox was asked to stop in the middle of something long."""


class FileSignature(msgspec.Struct, frozen=True, gc=False):
    """What tells one version of a file from the next without reading it.

    The device is not part of it: a reboot may number devices anew, and a kept signature must
    outlive that.
    """

    inode: int
    """Folded to 63 bits, so that every store can hold it."""
    size: int
    mtime_ns: int
    ctime_ns: int
    """No writer can set it, so it gives away what an old mtime hides."""

    @classmethod
    def of(cls, status: os.stat_result) -> "FileSignature":
        """Take the signature from a stat result."""
        return cls(status.st_ino & _INT64, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def fingerprint(self) -> int:
        """The signature in one integer, equal to `fingerprint` of the same stat result."""
        return hash((self.inode, self.size, self.mtime_ns, self.ctime_ns))


def fingerprint(status: os.stat_result) -> int:
    """Fold a stat result into one integer: a fifth of a signature's memory, for 100,000 files.

    Equal for two versions of one file only by a chance of about 1 in 10^18.
    """
    return hash((status.st_ino & _INT64, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


def ignore_sigio() -> None:
    """Keep the signal of a broken lease from ending the process; only in the main thread.

    A writer that opens a file while a lease is probed raises SIGIO, whose default action kills.
    """
    signal.signal(signal.SIGIO, signal.SIG_IGN)


class LeaseProbe(StrEnum):
    """What the kernel says when asked for a read lease."""

    FREE = "free"
    """Nobody has the file open for writing."""
    WRITER = "writer"
    """Somebody has."""
    NONE = "none"
    """Leases are not to be had here: a network file system, a foreign owner, SIGIO not ignored."""


def probe_lease(fd: int) -> LeaseProbe:
    """Ask whether a local process has this open file open for writing, too."""
    if signal.getsignal(signal.SIGIO) is not signal.SIG_IGN:
        return LeaseProbe.NONE
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return LeaseProbe.WRITER
    except OSError:
        return LeaseProbe.NONE
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return LeaseProbe.FREE


class Readiness(StrEnum):
    """What an examination of a file came to."""

    READY = "ready"
    CHANGED = "changed"
    """It is no longer the version that was expected, or was not when it had been read."""
    GONE = "gone"
    WRITER = "still open for writing"
    UNSURE = "no lease to be had; only a longer rest can tell"
    UNREADABLE = "may not be opened"
    TROUBLE = "cannot be read"
    """The system gave an error; the examination's `detail` is its text."""


@dataclass(frozen=True, slots=True)
class ReadinessResult:
    """A verdict, with the content's sha256 where the file is ready (see MOST_HASHED_BYTES)."""

    verdict: Readiness
    sha256: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """The version of a file that was seen at rest; the device counts while we run."""

    device: int
    signature: FileSignature

    @classmethod
    def of(cls, status: os.stat_result) -> "ExpectedVersion":
        """Take what is expected from a stat result."""
        return cls(status.st_dev, FileSignature.of(status))


def examine(
    place: str, expected: ExpectedVersion, rested: bool, tick: Callable[[], None]
) -> ReadinessResult:
    """Open, probe and hash a file that seems at rest.

    `rested` says that it has rested long enough to be taken without a lease; `tick` is called
    after every block and may raise Stopped.
    """
    try:
        fd = os.open(place, _OPEN)
    except PermissionError:
        return ReadinessResult(Readiness.UNREADABLE)
    except OSError as error:
        return _failed(error)
    with FileIO(fd) as file:
        try:
            return _examine_open(file, expected, rested, tick)
        except OSError as error:
            return _failed(error)


def _examine_open(
    file: FileIO, expected: ExpectedVersion, rested: bool, tick: Callable[[], None]
) -> ReadinessResult:
    if not _is(file, expected):
        return ReadinessResult(Readiness.CHANGED)
    lease = probe_lease(file.fileno())
    if lease is LeaseProbe.WRITER:
        return ReadinessResult(Readiness.WRITER)
    if lease is LeaseProbe.NONE and not rested:
        return ReadinessResult(Readiness.UNSURE)
    sha256 = _sha256(file, expected.signature.size, tick)
    return (
        ReadinessResult(Readiness.READY, sha256)
        if _is(file, expected)
        else ReadinessResult(Readiness.CHANGED)
    )


def _is(file: FileIO, expected: ExpectedVersion) -> bool:
    status = os.fstat(file.fileno())
    return stat.S_ISREG(status.st_mode) and ExpectedVersion.of(status) == expected


def _sha256(file: FileIO, size: int, tick: Callable[[], None]) -> str:
    """Hash a file to its end, but not on and on where something appends to it.

    A terabyte of zeros weighs nothing on its way here, and would hold up all others for an hour.
    """
    digest = hashlib.sha256(b"" if size <= MOST_HASHED_BYTES else f"{size} bytes".encode())
    size = min(size, MOST_HASHED_BYTES)
    # To map and clear a large block takes longer than all else that is done about a note.
    block = memoryview(bytearray(min(_BLOCK_BYTES, size + 1)))
    while size >= 0 and (count := file.readinto(block)):
        digest.update(block[:count])
        size -= count
        tick()
    return digest.hexdigest()


def _failed(error: OSError) -> ReadinessResult:
    if error.errno in _GONE:
        return ReadinessResult(Readiness.GONE)
    return ReadinessResult(Readiness.TROUBLE, detail=error.strerror or str(error))
