"""Files and folders that only the daemon's own account may read, whatever the umask."""

import os
import stat
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = stat.S_IRWXO | stat.S_IWGRP


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone; take the rights of all others from one that exists.

    One that exists stays readable for its group: systemd made it so, for the service's group.
    Errors: OSError.
    """
    folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    _restrict(folder, _OTHERS)


def opener(path: str, flags: int) -> int:
    """Open a file for `open`: a new one is its owner's alone, and no link is followed."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)


def restrict(file: Path) -> None:
    """Take the rights of all others from a file of ours, if it exists."""
    _restrict(file, stat.S_IRWXG | stat.S_IRWXO)


def _restrict(path: Path, rights: int) -> None:
    with suppress(OSError):  # another account's, or a file system without modes
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & rights and not path.is_symlink():
            path.chmod(mode & ~rights)
