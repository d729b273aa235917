"""A lock that all hosts see, for an outbox on a network file system.

A lock of a folder holds on this host alone there; one of a file goes to the server. The name of the
file is one that synchronisers are told to leave out, as that of a draft.
"""

import errno
import fcntl
import os
import re
import struct
from contextlib import suppress
from pathlib import Path

from narrated.mount_table import MOUNTINFO, mounts

NAME = ".narrated-lock.tmp"

_NETWORK = re.compile(r"nfs4?|cifs|smb3|ceph|lustre|fuse\.(ceph|ceph-fuse|glusterfs)")
_HELD = {errno.EAGAIN, errno.EACCES}
_NAME_BYTES = 4096
_FLOCK = "hhqqi4x"
"""`struct flock` of fcntl(2)."""
_WHOLE_FILE = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def is_on_network(fd: int, mountinfo: Path = MOUNTINFO) -> bool:
    """True if a folder is on a file system that other hosts may write as well."""
    device = os.fstat(fd).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    return any(
        mount.device == wanted and _NETWORK.fullmatch(mount.kind) for mount in mounts(mountinfo)
    )


class NetworkLockFile:
    """A locked file in an open folder."""

    def __init__(self, folder: int) -> None:
        """The folder stays the caller's, and open."""
        self._folder = folder
        self._fd: int | None = None

    def take(self, content: bytes) -> bytes | None:
        """Lock the file, and write who has it. Returns what its holder wrote if there is one.

        None as well if the file system has no locks: nobody can tell then.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(NAME, flags, 0o660, dir_fd=self._folder)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _WHOLE_FILE)
        except OSError as error:
            held = error.errno in _HELD
            told = _content(fd) if held else None
            os.close(fd)
            return told
        self._fd = fd  # held from here on, though the disk may refuse the name
        os.ftruncate(fd, 0)
        os.pwrite(fd, content, 0)
        return None

    def release(self) -> None:
        """Unlock the file. It stays: to remove it might remove that of the next."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def lock_holder(folder: int) -> bytes | None:
    """Return the text of whoever holds an open folder's lock file; None if nobody holds it."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(NAME, flags, dir_fd=folder)
    except OSError:
        return None
    try:
        found = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE_FILE))
        return None if found[0] == fcntl.F_UNLCK else _content(fd)
    except OSError:
        return None
    finally:
        os.close(fd)


def _content(fd: int) -> bytes:
    """Read the holder's record; empty if the server refuses to read a locked file, as SMB does."""
    with suppress(OSError):
        return os.pread(fd, _NAME_BYTES, 0)
    return b""
