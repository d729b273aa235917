"""Readiness of one file: at rest, complete, open to no writer, and unchanged while it is read.

This module neither waits nor remembers; `narrated.inbox.reconciler` does both.
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
"""No parser reads so much: beyond this, the size stands for the rest of the content."""
_INT64 = (1 << 63) - 1
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


class ScanStopped(Exception):
    """The inbox was asked to stop in the middle of something long."""


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
        """Return the signature in one integer, equal to `fingerprint` of the same stat result."""
        return hash((self.inode, self.size, self.mtime_ns, self.ctime_ns))


def fingerprint(status: os.stat_result) -> int:
    """Fold a stat result into one integer: a fifth of a signature's memory, for 100,000 files.

    Equal for two versions of one file only by a chance of about 1 in 10^18.
    """
    return hash((status.st_ino & _INT64, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


def ignore_sigio() -> None:
    """Ignore SIGIO; call it in the main thread.

    A writer that opens a file during a lease probe raises SIGIO, and its default action kills.
    """
    signal.signal(signal.SIGIO, signal.SIG_IGN)


class LeaseProbe(StrEnum):
    """Answer of the kernel to a request for a read lease."""

    FREE = "free"
    """No process has the file open for writing."""
    WRITER = "writer"
    """A process has the file open for writing."""
    NONE = "none"
    """No leases here: a network file system, another owner, or SIGIO is not ignored."""


def probe_lease(fd: int) -> LeaseProbe:
    """Ask the kernel if a local process has this open file open for writing."""
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
    """Verdict of an examination."""

    READY = "ready"
    CHANGED = "changed"
    """The file is not the expected version, before or after the read."""
    GONE = "gone"
    WRITER = "still open for writing"
    UNSURE = "no lease available; only a longer rest can tell"
    UNREADABLE = "may not be opened"
    TROUBLE = "cannot be read"
    """The system returned an error; `ReadinessResult.detail` is its text."""


@dataclass(frozen=True, slots=True)
class ReadinessResult:
    """A verdict, with the content's sha256 if the file is ready (see MOST_HASHED_BYTES)."""

    verdict: Readiness
    sha256: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """The version of a file that was seen at rest; the device counts within one run."""

    device: int
    signature: FileSignature

    @classmethod
    def of(cls, status: os.stat_result) -> "ExpectedVersion":
        """Return the version in a stat result."""
        return cls(status.st_dev, FileSignature.of(status))


def examine(
    path: str, expected: ExpectedVersion, rested: bool, tick: Callable[[], None]
) -> ReadinessResult:
    """Open, probe and hash a file that seems at rest.

    `rested`: the file has rested long enough to be taken without a lease. `tick` runs after every
    block and may raise ScanStopped.
    """
    try:
        fd = os.open(path, _OPEN)
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
    """Hash a file up to its known size, even if a writer keeps appending.

    A sparse terabyte takes no disk space to drop, and hashing it would block the inbox for an hour.
    """
    digest = hashlib.sha256(b"" if size <= MOST_HASHED_BYTES else f"{size} bytes".encode())
    size = min(size, MOST_HASHED_BYTES)
    # For a short note, a large block would take longer to allocate than all the other work.
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
