"""Monitors the inbox's root: missing, replaced, suddenly empty, or back."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from narrated.inbox.events import Event, RootFound, RootLost
from narrated.inbox.handled_versions import HandledVersions
from narrated.inbox.name_rules import NameKind, judge

SUDDENLY_EMPTY = "The inbox is suddenly empty; what was read before keeps its narration."

_LIBC = ctypes.CDLL(None)
_AT_FDCWD = -100
_BASIC_STATS, _BIRTH = 0x7FF, 0x800
_STATX_BYTES, _BIRTH_OFFSET = 256, 80


class RootMonitor:
    """Remembers the accepted root, and yields an event for its loss and its return.

    It compares device, inode number and birth time. A new folder often gets the inode number of a
    removed one; the birth time tells them apart.
    """

    def __init__(self, root: Path, handled: HandledVersions) -> None:
        self.path = str(root.absolute())
        self.problem = "was not looked at yet"
        """The reason why the root cannot be used now; empty if it is well."""
        self._handled = handled
        self._accepted: tuple[int, int, int] | None = None
        self._found: tuple[int, int, int] | None = None
        self._loss_reported = False

    def is_well(self) -> bool:
        """Check that the accepted root is there at this moment."""
        return not self._change()

    def check(self) -> Iterator[Event]:
        """Check the root, and report its loss or return."""
        if not self.problem:
            yield from self._lose(self._change())
        elif obstacle := self._obstacle():
            yield from self._lose(obstacle)
        else:
            yield from self._accept()

    def check_empty(self) -> Iterator[Event]:
        """Report the root lost if it cannot be listed or is suddenly empty."""
        yield from self._lose(self._change() or self._obstacle())

    def _lose(self, problem: str) -> Iterator[Event]:
        self.problem = problem
        if problem and not self._loss_reported:
            self._loss_reported = True
            yield RootLost(problem)

    def _accept(self) -> Iterator[Event]:
        before, self._accepted = self._accepted, self._found
        self.problem = ""
        if before not in (None, self._accepted):
            self._handled.retire()
        if self._loss_reported:
            self._loss_reported = False
            yield RootFound()

    def _change(self) -> str:
        """The problem of the root since it was accepted; empty if it is well."""
        try:
            same = self._identity() == self._accepted
        except OSError as error:
            return _access_problem(error)
        return "" if same else "The inbox was replaced by another folder."

    def _obstacle(self) -> str:
        """The reason against accepting the present folder as the root; empty if none."""
        try:
            self._found = self._identity()
            with os.scandir(self.path) as entries:
                is_empty = all(judge(entry.name) is NameKind.TEMPORARY for entry in entries)
        except OSError as error:
            return _access_problem(error)
        # An empty folder is a mount point without its mount, or a synchroniser's accident.
        return SUDDENLY_EMPTY if self._handled and is_empty else ""

    def _identity(self) -> tuple[int, int, int]:
        status = Path(self.path).stat()
        birth_ns = birth_time_ns(self.path)
        if not birth_ns:
            Path(self.path).stat()  # it may have been moved away in between: then it is missing
        return status.st_dev, status.st_ino, birth_ns


def birth_time_ns(path: str) -> int:
    """Return a path's birth time in nanoseconds; 0 if the file system keeps none.

    Uses statx(2), in Linux since 4.11; Python's own stat does not return the birth time.
    """
    statx = getattr(_LIBC, "statx", None)
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    if statx is None or statx(_AT_FDCWD, os.fsencode(path), 0, _BASIC_STATS | _BIRTH, buffer):
        return 0
    if not struct.unpack_from("=I", buffer)[0] & _BIRTH:
        return 0
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, _BIRTH_OFFSET)
    return int(seconds) * 10**9 + int(nanoseconds)


def _access_problem(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "The inbox is missing."
    if isinstance(error, NotADirectoryError):
        return "The inbox is not a folder."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "The daemon has as many files open as it may (LimitNOFILE in the unit)."
    return f"The inbox cannot be read: {error.strerror}."
