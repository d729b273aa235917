"""Digests of files by content, and a detector of files that still change."""

import hashlib
import io
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileDigests:
    """Remembers each file's digest until its signature changes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._digests: dict[Path, tuple[tuple[int, ...], str]] = {}

    def digest(self, file: Path) -> str:
        """Digest of a file's content; a text with its size if it exceeds the limit.

        Raises OSError if it cannot be read or is no regular file.
        """
        known = self._digests.get(file)
        if known is not None and known[0] == _signature(file.stat()):
            return known[1]
        with open_regular(file) as content:
            state = os.fstat(content.fileno())
            if state.st_size > self._most_bytes:
                return f"unread-{state.st_size}"
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        self._digests[file] = (_signature(state), digest)
        return digest


class SettleDetector:
    """Tells if a file stayed unchanged for a while."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._seen: dict[Path, tuple[int, float]] = {}

    def is_settled(self, what: Path, changed_ns: int) -> bool:
        """True if the file stayed unchanged for the time, by its own clock or by ours.

        Ours measures how long the file showed the same time: its clock may be ahead, or set back.
        """
        if time.time() - changed_ns / 1e9 >= self._settle_s:
            self._seen.pop(what, None)
            return True
        now = time.monotonic()
        seen_ns, since = self._seen.get(what, (0, now))
        if seen_ns != changed_ns:
            since = now
        self._seen[what] = changed_ns, since
        return now - since >= self._settle_s


@contextmanager
def open_regular(file: Path) -> Iterator[io.BufferedReader]:
    """Open a regular file to read. Raises OSError for others: a pipe or device never ends."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no regular file")
    with os.fdopen(descriptor, "rb") as content:
        yield content


def _signature(state: os.stat_result) -> tuple[int, ...]:
    """Times, size and inode; no program can set the second time back."""
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino
