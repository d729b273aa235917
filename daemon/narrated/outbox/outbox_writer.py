"""The process that writes an outbox: how it names itself there, and whether it lives."""

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

import msgspec

from narrated.boot_id import boot_id
from narrated.outbox.network_lock_file import lock_holder
from narrated.printable import printable

_ATTRIBUTE = "user.narrated.writer"
"""Extended attribute of the folder that names the writer; without the lock it means nothing."""
_PROCESS_NUMBERS = Path("/proc/self/ns/pid")


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
        return cls(os.getpid(), host, boot_id(), _numbering(), place, since)

    @property
    def is_dead(self) -> bool:
        """True if the process surely runs no more. The folder's lock is one of this kernel."""
        if self.boot and boot_id() and self.boot != boot_id():
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


def in_words(writer: OutboxWriter) -> str:
    """Say which process it is."""
    if not writer.pid:
        return "a process that has locked the folder"
    here = writer.host in ("", socket.gethostname())
    host = "" if here else f" on {printable(writer.host)}"
    state = f" with the state {printable(writer.state)}" if writer.state else ""
    since = f", running since {printable(writer.since)}" if writer.since else ""
    return f"the process {writer.pid}{host}{state}{since}"


def named_writer(fd: int) -> OutboxWriter | None:
    """The writer that is named at the folder; None if none is."""
    try:
        return decoded_writer(os.getxattr(fd, _ATTRIBUTE))
    except OSError:
        return None


def takes_names(fd: int) -> bool:
    """True if the folder's file system has extended attributes."""
    try:
        os.listxattr(fd)
    except OSError:
        return False
    return True


def decoded_writer(content: bytes) -> OutboxWriter | None:
    """Decode what another process wrote: it may be anybody's."""
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.decode(content, type=OutboxWriter)
    return None


def write_name(fd: int, writer: OutboxWriter) -> None:
    """Name the writer at an open folder, unless its file system has no attributes."""
    with suppress(OSError):  # the refusal names nobody then
        os.setxattr(fd, _ATTRIBUTE, msgspec.json.encode(writer))


def remove_name(fd: int, writer: OutboxWriter) -> None:
    """Remove this writer's name from an open folder, and nobody else's."""
    with suppress(OSError):
        if named_writer(fd) == writer:
            os.removexattr(fd, _ATTRIBUTE)


def living_writer(fd: int) -> OutboxWriter | None:
    """The living daemon that writes an open folder, on this host or another; None if none does.

    `fd` must be of an `open` of its own, since the folder is locked by it for a moment.
    """
    name = named_writer(fd)
    if (name is not None or not takes_names(fd)) and _is_flocked(fd):
        writer = name or OutboxWriter(0)
        if not writer.is_dead:
            return writer
    told = lock_holder(fd)
    return None if told is None else decoded_writer(told) or OutboxWriter(0)


def _is_flocked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False


def _numbering() -> int:
    with suppress(OSError):
        return _PROCESS_NUMBERS.stat().st_ino
    return 0
