"""Locks the outbox: two daemons with states of their own must not both write to it.

The lock is one of the folder itself, so that nothing of it is seen or synchronised, and that it is
the same by a symbolic link or a bind mount. The kernel releases it when the process dies.
"""

import fcntl
import os
import threading
import time
from pathlib import Path

import msgspec

from narrated.daemon_commands import STOP
from narrated.errors import AlreadyRunning
from narrated.outbox.nested_outboxes import writer_above, writer_below
from narrated.outbox.network_lock_file import NetworkLockFile, is_on_network
from narrated.outbox.outbox_writer import (
    OutboxWriter,
    decoded_writer,
    in_words,
    named_writer,
    remove_name,
    takes_names,
    write_name,
)
from narrated.printable import printable

_TRIES, _TRY_S = 20, 0.025


class OutboxLock:
    """Held by the one daemon that writes an outbox. Any thread may call it."""

    def __init__(self, outbox: Path, writer: OutboxWriter) -> None:
        self._outbox = outbox
        self._writer = writer
        self._mutex = threading.Lock()
        self._fd: int | None = None
        self._identity: tuple[int, int] | None = None
        self._is_locked = False
        self._network: NetworkLockFile | None = None

    def hold(self) -> None:
        """Hold the folder that is at the path now: it may have been replaced, or be newly mounted.

        Errors: AlreadyRunning if another daemon holds it; OSError if it is missing.
        """
        with self._mutex:
            status = self._outbox.stat()
            if self._fd is None or (status.st_dev, status.st_ino) != self._identity:
                self._release()
                self._take()
            elif not self._is_locked:
                self._is_locked = _flocked(self._fd, tries=1)

    def release(self) -> None:
        """Let go of it."""
        with self._mutex:
            self._release()

    def _take(self) -> None:
        try:
            fd = os.open(self._outbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return  # who may not look into it may hardly write
        status = os.fstat(fd)
        self._fd, self._identity = fd, (status.st_dev, status.st_ino)
        try:
            self._lock(fd)
            self._look_around()
        except BaseException:
            self._release()
            raise

    def _lock(self, fd: int) -> None:
        self._is_locked = _flocked(fd)
        if not self._is_locked:
            other = named_writer(fd)
            # Everybody who may read the folder can lock it: only a daemon names itself as well.
            if other is None and not takes_names(fd):
                other = OutboxWriter(0)
            if other is not None and other != self._writer and not other.is_dead:
                raise self._refusal(other)
        if is_on_network(fd):
            self._lock_for_all_hosts(fd)
        write_name(fd, self._writer)

    def _look_around(self) -> None:
        """Refuse an outbox inside another one or around it, after naming this one.

        Of two that start at a time, each has named itself before it looks, so one sees the other.
        """
        outbox = printable(str(self._outbox))
        if above := writer_above(self._outbox):
            folder, other = above
            place = f"{outbox} lies in {printable(str(folder))}, which"
            raise self._refusal(other, place)
        if below := writer_below(self._outbox):
            folder, other = below
            place = f"{printable(str(folder))}, a folder of the outbox {outbox},"
            raise self._refusal(other, place)

    def _lock_for_all_hosts(self, fd: int) -> None:
        self._network = NetworkLockFile(fd)
        if (other := self._network.take(msgspec.json.encode(self._writer))) is not None:
            self._network = None
            raise self._refusal(decoded_writer(other) or OutboxWriter(0))

    def _release(self) -> None:
        if self._network is not None:
            self._network.release()
        if self._fd is not None:
            remove_name(self._fd, self._writer)
            os.close(self._fd)
        self._fd = self._identity = self._network = None

    def _refusal(self, other: OutboxWriter, place: str = "") -> AlreadyRunning:
        return AlreadyRunning(
            f"{place or printable(str(self._outbox))} is written by another daemon already: "
            f"{in_words(other)}.",
            f"Stop that one first ({STOP}), or name another `outbox:` folder.",
        )


def _flocked(fd: int, tries: int = _TRIES) -> bool:
    """Lock the folder. True as well if its file system has no locks; False if it is another's.

    It is tried for half a second: one that has just locked it has yet to name itself.
    """
    for _ in range(tries):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_TRY_S)
        except OSError:
            return True
    return False
