"""Locks the state directory: a second daemon refuses to start, and names the first."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from narrated.errors import AlreadyRunning, StorageError


class LockHolder(msgspec.Struct, frozen=True):
    """The process that holds a state directory, and its control socket."""

    pid: int
    socket: str = ""
    since: str = ""


class StateLock:
    """Holds a state directory for this process; the kernel releases it when the process dies."""

    def __init__(self, state: Path, holder: LockHolder) -> None:
        self._path = state / "lock"
        self._holder = holder
        self._fd = -1

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise _unusable(self._path.parent, error) from error
        if not _locked(self._fd):
            os.close(self._fd)
            raise _refusal(self._path.parent)
        try:
            self._write(msgspec.json.encode(self._holder))
        except StorageError:
            os.close(self._fd)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write(b"")
        os.close(self._fd)

    def tell(self, holder: LockHolder) -> None:
        """Update the holder in the lock file."""
        self._write(msgspec.json.encode(holder))

    def _write(self, content: bytes) -> None:
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, content, 0)
        except OSError as error:
            raise _unusable(self._path.parent, error) from error


def holder(state: Path) -> LockHolder | None:
    """Return the process that holds a state directory; None if it is free."""
    try:
        fd = os.open(state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _read(fd)
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    """Take the lock; retry for 0.2 s, since `holder` takes it for a moment to ask."""
    for _ in range(20):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.01)
    return False


def _read(fd: int) -> LockHolder | None:
    try:
        return msgspec.json.decode(os.pread(fd, 4096, 0), type=LockHolder)
    except msgspec.DecodeError:
        return None  # it has the lock, and has yet to write its name


def _unusable(state: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The state folder {state} cannot be used: {error.strerror}.",
        "Make it, see that there is room, and give the account that runs narrated the right to "
        "write there.",
    )


def _refusal(state: Path) -> AlreadyRunning:
    first = holder(state)
    who = f"the process {first.pid}, running since {first.since}" if first else "another process"
    return AlreadyRunning(
        f"{state} is in use by {who}.",
        "Stop that one first (`systemctl stop narrated`), or name another `state:` folder.",
    )
