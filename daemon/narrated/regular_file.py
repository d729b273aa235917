"""Opens files in places where others write: a regular file, at once and within bounds.

No link is followed, and a pipe or a device neither blocks nor fills the memory.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Flags that follow no link at the end of a path, and wait for no writer of a pipe."""


class NotRegular(OSError):
    """Something other than a regular file: a folder, a pipe, a socket, a device."""


def opened(name: str | Path, folder: int | None = None) -> BufferedReader:
    """Open a regular file for reading, by its path or by its name in an open folder.

    Errors: NotRegular; OSError, with ELOOP for a link.
    """
    descriptor = os.open(name, OPEN_FILE, dir_fd=folder)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise NotRegular(errno.EINVAL, "not a regular file")


def read(file: BufferedReader, limit_bytes: int) -> bytes | None:
    """Read a file to its end; None if it is larger than the limit.

    The buffer starts at the file's size; one of the limit's size would be slow to allocate. Reads
    at most one byte over the limit: the file may be growing.
    """
    size_bytes = os.fstat(file.fileno()).st_size
    if size_bytes > limit_bytes:
        return None
    content = file.read(size_bytes + 1)
    if len(content) > size_bytes:
        content += file.read(limit_bytes - size_bytes)
    return content if len(content) <= limit_bytes else None


def stands(folder: int, name: str) -> bool:
    """True if anything has this name in an open folder, a link too. Errors: OSError."""
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


@contextmanager
def descended(root: str | Path, folder: str, enter: Callable[[int, str], int]) -> Iterator[int]:
    """Yield the descriptor of a folder below a root ("" for the root itself).

    `enter` opens each component in the one before, so that no link leads out. Errors: OSError.
    """
    held = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in folder.split("/") if folder else ():
            inner = enter(held, name)
            os.close(held)
            held = inner
        yield held
    finally:
        os.close(held)


def enter_folder(parent: int, name: str) -> int:
    """Open a folder in an open folder, never through a link. Errors: OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=parent)
