"""Files and folders of state and cache: their owner's, readable by their group, by any umask."""

import os
import stat
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o750
FILE_MODE = 0o640
OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""The rights that nobody but the owner has."""
_PARENT_MODE = 0o755
"""Of a missing folder above ours: writable for us alone."""


def make_folder(folder: Path) -> None:
    """Make a folder of FOLDER_MODE; take the rights of others from one that exists.

    One that exists is never opened to anybody: its owner may have closed it. Errors: OSError.
    """
    try:
        _make(folder, FOLDER_MODE)
    except FileExistsError:
        if not folder.is_dir():
            raise
        _restrict(folder)
    else:
        _set_mode(folder, FOLDER_MODE)


def opener(path: str, flags: int) -> int:
    """Open a file for `open`: a new one gets FILE_MODE, and no link is followed."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    if flags & os.O_CREAT:
        with suppress(FileExistsError):
            return _created(path, flags)
    return os.open(path, flags, FILE_MODE)


def create(file: Path) -> None:
    """Make an empty file if there is none. Errors: OSError."""
    with suppress(FileExistsError):
        os.close(_created(str(file), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC))


def restrict(file: Path) -> None:
    """Take the rights of others from a file of ours, if it exists."""
    _restrict(file)


def _created(path: str, flags: int) -> int:
    """Open a new file. Errors: FileExistsError, other OSErrors."""
    fd = os.open(path, flags | os.O_EXCL, FILE_MODE)
    with suppress(OSError):  # a file system without modes
        if stat.S_IMODE(os.fstat(fd).st_mode) != FILE_MODE:
            os.fchmod(fd, FILE_MODE)
    return fd


def _make(folder: Path, mode: int) -> None:
    """Make a folder, and those above it that are missing. Errors: FileExistsError, others."""
    try:
        folder.mkdir(mode)
    except FileNotFoundError:
        with suppress(FileExistsError):
            _make(folder.parent, _PARENT_MODE)
        folder.mkdir(mode)


def _set_mode(folder: Path, mode: int) -> None:
    with suppress(OSError):  # a file system without modes
        before = stat.S_IMODE(folder.lstat().st_mode)
        if before & 0o777 != mode:
            folder.chmod(before & ~0o777 | mode)


def _restrict(path: Path) -> None:
    with suppress(OSError):  # another account's, or a file system without modes
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & OTHERS and not path.is_symlink():
            path.chmod(mode & ~OTHERS)
