"""Readiness of one file: at rest, complete, open to no writer, and unchanged while it is read."""

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

from narrated.inbox.file_signature import FileSignature
from narrated.regular_file import OPEN_FILE

_BLOCK_BYTES = 1 << 18
MOST_HASHED_BYTES = 1 << 28
"""No parser reads so much: beyond this, the size stands for the rest of the content."""
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


class ScanStopped(Exception):
    """The inbox was asked to stop in the middle of something long."""


def ignore_sigio() -> None:
    """Ignore SIGIO; call it in the main thread.

    A writer that opens a file during a lease probe raises SIGIO, and its default action kills.
    """
    signal.signal(signal.SIGIO, signal.SIG_IGN)


class LeaseProbe(StrEnum):
    """Answer of the kernel to a request for a read lease."""

    FREE = "free"  # no process has the file open for writing
    WRITER = "writer"  # a process has the file open for writing
    NONE = "none"  # no leases here: a network file system, another owner, SIGIO not ignored


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
    """Verdict on a file, or the reason why it is pending, in words for the status note."""

    READY = "ready"
    CHANGED = "changed"  # not the expected version, before or after the read
    GONE = "gone"
    SETTLING = "settling"  # no lease is available, so that only a longer rest can tell
    EMPTY = "empty"
    INCOMPLETE = "its transfer was interrupted"  # rsync --partial leaves a modification time of 0
    WRITER = "still open for writing"
    UNREADABLE = "may not be opened"
    TROUBLE = "cannot be read"  # `ReadinessResult.detail` is the system's error


@dataclass(frozen=True, slots=True)
class ReadinessResult:
    """A verdict, with the content's sha256 if it was read (see MOST_HASHED_BYTES)."""

    verdict: Readiness
    sha256: str = ""
    detail: str = ""


class SeenVersion(msgspec.Struct, frozen=True, gc=False):
    """The version of a file that a look at it found: a fifth of a stat result's memory.

    A folder of 100,000 new files is held as these. The device counts within one run.
    """

    device: int
    mode: int
    signature: FileSignature

    @classmethod
    def of(cls, status: os.stat_result) -> "SeenVersion":
        """Return the version in a stat result."""
        return cls(status.st_dev, status.st_mode, FileSignature.of(status))


def examine(
    path: str,
    expected: SeenVersion,
    rested: bool,
    tick: Callable[[], None],
    folder: int | None = None,
) -> ReadinessResult:
    """Open, probe and hash a file that seems at rest; `path` may be its name in an open folder.

    `rested`: the file has rested long enough to be taken without a lease. `tick` runs after every
    block and may raise ScanStopped.
    """
    try:
        try:
            fd = os.open(path, OPEN_FILE, dir_fd=folder)
        except PermissionError:  # of opening alone: only there chmod helps
            return ReadinessResult(Readiness.UNREADABLE)
        with FileIO(fd) as file:
            return _examine_open(file, expected, rested, tick)
    except OSError as error:
        if error.errno in _GONE:
            return ReadinessResult(Readiness.GONE)
        return ReadinessResult(Readiness.TROUBLE, detail=error.strerror or str(error))


def _examine_open(
    file: FileIO, expected: SeenVersion, rested: bool, tick: Callable[[], None]
) -> ReadinessResult:
    if not _is(file, expected):
        return ReadinessResult(Readiness.CHANGED)
    lease = probe_lease(file.fileno())
    if lease is LeaseProbe.WRITER:
        return ReadinessResult(Readiness.WRITER)
    if lease is LeaseProbe.NONE and not rested:
        return ReadinessResult(Readiness.SETTLING)
    sha256 = _sha256(file, expected.signature.size, tick)
    unchanged = _is(file, expected)
    return ReadinessResult(Readiness.READY if unchanged else Readiness.CHANGED, sha256)


def _is(file: FileIO, expected: SeenVersion) -> bool:
    status = os.fstat(file.fileno())
    return stat.S_ISREG(status.st_mode) and SeenVersion.of(status) == expected


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
