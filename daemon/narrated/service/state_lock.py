"""Locks the state directory: a second daemon refuses to start, and names the first."""

import errno
import fcntl
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Self

import msgspec

from narrated import private_files
from narrated.daemon_commands import STOP
from narrated.disk_threads import DiskThreads
from narrated.errors import AlreadyRunning, FolderLost, StorageError
from narrated.printable import printable
from narrated.service.state_access import refusal
from narrated.service.stop_steps import RELEASE_S, within

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
_NO_TRAP = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

log = logging.getLogger("narrated")


class LockHolder(msgspec.Struct, frozen=True):
    """The process that holds a state directory, and its control socket."""

    pid: int
    socket: str = ""
    since: str = ""
    config: str = ""
    """The configuration's file; empty if it is not known."""
    waits_for: str = ""
    """The problem for which its start waits."""


class StateLock:
    """Holds a state directory for this process; the kernel releases it when the process dies."""

    def __init__(self, state: Path, holder: LockHolder) -> None:
        self._state, self._path = state, state / "lock"
        self._holder = holder
        self._watched: dict[Path, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        with _usable(self._state):
            private_files.make_folder(self._state)
            private_files.restrict(self._path)
            self._fd = private_files.opener(str(self._path), os.O_RDWR | os.O_CREAT | _NO_TRAP)
        try:
            if not _locked(self._fd):
                raise _refusal(self._state)
            self.tell(self._holder)
        except (AlreadyRunning, StorageError):
            os.close(self._fd)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._write(b"")
        finally:
            os.close(self._fd)

    def watch(self, *files: Path) -> None:
        """Have `check` notice that one of these files goes; a missing one does not count."""
        for file in files:
            with suppress(FileNotFoundError):
                self._watched[file] = _identity(file.stat())

    def check(self) -> None:
        """Raise FolderLost if the folder, or a file in it, is no longer what this process holds."""
        try:
            if _identity(self._path.stat()) != _identity(os.fstat(self._fd)):
                if not self._is_ours():
                    raise self._lost()
                return  # a file system with new file numbers tells nothing of the others
            for file, identity in self._watched.items():
                if _identity(file.stat()) != identity:
                    raise self._lost()
        except OSError as error:
            if error.errno in _GONE:
                raise self._lost() from error

    def _is_ours(self) -> bool:
        """True if the lock file names this process, and somebody has it locked."""
        return holder(self._state) == self._holder

    def _lost(self) -> FolderLost:
        return FolderLost(
            f"The state folder {printable(str(self._state))} was removed or replaced, or a file in "
            "it, while the daemon ran.",
            "Start the daemon again (systemd does): it makes a new ledger from the outbox, and "
            "speaks nothing again. Stop it before you move or restore its state.",
        )

    def tell(self, holder: LockHolder) -> None:
        """Update the holder in the lock file."""
        self._holder = holder
        self._write(msgspec.json.encode(holder))

    def _write(self, content: bytes) -> None:
        with _usable(self._state):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, content, 0)


@asynccontextmanager
async def state_locked(state: Path, holder: LockHolder) -> AsyncIterator[StateLock]:
    """Hold a state directory for an event loop, which never waits for its disk.

    Errors: AlreadyRunning; StorageError, also if the disk does not answer. If the block is left
    while the disk hangs, the process ends without emptying the file: the kernel releases the lock.
    """
    disk, lock = DiskThreads(f"the state {state}", count=1), StateLock(state, holder)
    try:
        await disk.run(lock.__enter__)
        try:
            yield lock
        finally:
            try:
                await within(RELEASE_S, disk.run(lock.__exit__, patience_s=RELEASE_S))
            except StorageError as error:
                log.warning("%s", error)
    finally:
        disk.close()


def holder(state: Path) -> LockHolder | None:
    """Return the process that holds a state directory; None if it is free."""
    try:
        fd = os.open(state / "lock", os.O_RDONLY | _NO_TRAP)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _read(fd)
    finally:
        os.close(fd)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _locked(fd: int) -> bool:
    """Take the lock; retry for 0.2 s, since `holder` takes it for a moment to ask."""
    for _ in range(20):
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.01)
    return False


def _read(fd: int) -> LockHolder | None:
    with suppress(
        msgspec.DecodeError, RecursionError
    ):  # it has the lock, and has yet to write its name
        return msgspec.json.decode(os.pread(fd, 4096, 0), type=LockHolder)
    return None


@contextmanager
def _usable(state: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, PermissionError) and (refused := refusal(state)):
            raise StorageError(refused.problem, refused.remedy) from error
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise StorageError(
                f"The state folder {state} cannot be used: a file stands in its place.",
                "Move that file away, or name another folder as `state:` in the configuration.",
            ) from error
        raise StorageError(
            f"The state folder {state} cannot be used: {error.strerror}.",
            "Make it, see that there is room, and give the account that runs narrated the right to "
            "write there; or name another folder as `state:`.",
        ) from error


def _refusal(state: Path) -> AlreadyRunning:
    first = holder(state)
    who = f"the process {first.pid}, running since {first.since}" if first else "another process"
    return AlreadyRunning(
        f"{state} is in use by {who}.",
        f"Stop that one first ({STOP}), or name another `state:` folder.",
    )
