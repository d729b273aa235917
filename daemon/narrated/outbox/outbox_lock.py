"""Locks the outbox: two daemons with states of their own must not both write to it.

The lock is one of the folder itself, so that nothing of it is seen or synchronised, and that it is
the same by a symbolic link or a bind mount. The kernel releases it when the process dies.
"""

import fcntl
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from narrated.errors import AlreadyRunning
from narrated.outbox.network_lock_file import NetworkLockFile, is_on_network
from narrated.printable import printable

_ATTRIBUTE = "user.narrated.writer"
"""Extended attribute of the folder that names the writer; without the lock it means nothing."""
_TRIES, _TRY_S = 20, 0.025
_PROCESS_NUMBERS = Path("/proc/self/ns/pid")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class OutboxWriter(msgspec.Struct, frozen=True):
    """The process that writes an outbox, as it names itself there."""

    pid: int
    host: str = ""
    boot: str = ""
    """The kernel's number of this boot; empty where the service may not read it."""
    numbering: int = 0
    """The namespace of process numbers that `pid` is one of."""
    state: str = ""
    since: str = ""

    @classmethod
    def this_process(cls, state: Path, since: str) -> "OutboxWriter":
        """Name this process and its state folder."""
        host, place = socket.gethostname(), printable(str(state))
        return cls(os.getpid(), host, _boot(), _numbering(), place, since)

    @property
    def is_dead(self) -> bool:
        """True if the process surely runs no more. The folder's lock is one of this kernel."""
        if self.boot and _boot() and self.boot != _boot():
            return True
        if self.numbering != _numbering():  # another container's
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:  # another account's
            return False
        return self.pid <= 0


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
        try:
            self._lock(fd)
        except BaseException:
            os.close(fd)
            raise
        status = os.fstat(fd)
        self._fd, self._identity = fd, (status.st_dev, status.st_ino)

    def _lock(self, fd: int) -> None:
        self._is_locked = _flocked(fd)
        if not self._is_locked:
            other = _named(fd)
            # Everybody who may read the folder can lock it: only a daemon names itself as well.
            if other is None and not _takes_names(fd):
                other = OutboxWriter(0)
            if other is not None and other != self._writer and not other.is_dead:
                raise self._refusal(other)
        if is_on_network(fd):
            self._lock_for_all_hosts(fd)
        with suppress(OSError):  # a file system without attributes: the refusal names nobody
            os.setxattr(fd, _ATTRIBUTE, msgspec.json.encode(self._writer))

    def _lock_for_all_hosts(self, fd: int) -> None:
        self._network = NetworkLockFile(fd)
        if (other := self._network.take(msgspec.json.encode(self._writer))) is not None:
            self._network = None
            raise self._refusal(_decoded(other) or OutboxWriter(0))

    def _release(self) -> None:
        if self._network is not None:
            self._network.release()
        if self._fd is not None:
            with suppress(OSError):
                if _named(self._fd) == self._writer:
                    os.removexattr(self._fd, _ATTRIBUTE)
            os.close(self._fd)
        self._fd = self._identity = self._network = None

    def _refusal(self, other: OutboxWriter) -> AlreadyRunning:
        return AlreadyRunning(
            f"{printable(str(self._outbox))} is written by another daemon already: "
            f"{_in_words(other)}.",
            "Stop that one first (`systemctl stop narrated`), or name another `outbox:` folder.",
        )


def _in_words(writer: OutboxWriter) -> str:
    if not writer.pid:
        return "a process that has locked the folder"
    here = writer.host in ("", socket.gethostname())
    host = "" if here else f" on {printable(writer.host)}"
    state = f" with the state {printable(writer.state)}" if writer.state else ""
    since = f", running since {printable(writer.since)}" if writer.since else ""
    return f"the process {writer.pid}{host}{state}{since}"


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


def _named(fd: int) -> OutboxWriter | None:
    """The writer that is named at the folder; None if none is."""
    try:
        return _decoded(os.getxattr(fd, _ATTRIBUTE))
    except OSError:
        return None


def _takes_names(fd: int) -> bool:
    """True if the folder's file system has extended attributes."""
    try:
        os.listxattr(fd)
    except OSError:
        return False
    return True


def _decoded(content: bytes) -> OutboxWriter | None:
    """Decode what another process wrote: it may be anybody's."""
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.decode(content, type=OutboxWriter)
    return None


def _boot() -> str:
    with suppress(OSError):
        return _BOOT_ID.read_text().strip()
    return ""


def _numbering() -> int:
    with suppress(OSError):
        return _PROCESS_NUMBERS.stat().st_ino
    return 0
