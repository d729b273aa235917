"""Finds out which names the outbox's file system takes, in a hidden folder that goes at once."""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from narrated.atomic_write import draft_name
from narrated.os_error_remedies import storing
from narrated.outbox.case_variants import names_in
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.open_folder import naming, opened, split
from narrated.outbox.portable_names import (
    LONGEST_NAME_BYTES,
    PLAIN_NAME_BYTES,
    USUAL_RULES,
    NameRules,
)
from narrated.outbox.unique_stems import fold
from narrated.regular_file import enter_folder

_ODD_NAMES = (*(f"a{sign}" for sign in '?:*"<>|\\\x01'), "a.", "a ", "aux.txt")
"""Names that Linux takes and Windows does not, each for a reason of its own."""
_MOST_DEPTH = 64
_TELLS_NOTHING = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.ETIMEDOUT,
    errno.EMFILE,
    errno.ENFILE,
}
"""Errors of the disk, whatever the name."""

log = logging.getLogger("narrated")


class NameProbe:
    """Knows which names the outbox takes. It asks again when another file system is mounted."""

    def __init__(self, mount_guard: MountGuard) -> None:
        self._guard = mount_guard
        self._device: int | None = None
        self.rules = USUAL_RULES
        """The rules of its names; until `look` has asked, those of usual file systems."""

    def look(self) -> None:
        """Ask if that was not done yet; files are written. Errors: StorageError."""
        device = self._guard.check()
        if device == self._device:
            return
        self.rules = allowed_names(self._guard.outbox)
        self._device = device
        if self.rules != USUAL_RULES:
            log.info("the outbox's file system does not take every name: %s", self.rules.meaning)


def allowed_names(outbox: Path) -> NameRules:
    """Return the rules of the outbox's file system, as it shows them. Errors: StorageError."""
    with storing(str(outbox)), opened(outbox, "") as folder, _hidden_folder(folder) as hidden:
        if not _takes(hidden, "a"):
            raise OSError(errno.EIO, "it loses files")
        takes_all = all(_takes(hidden, name) for name in _ODD_NAMES)
        return NameRules(portable=not takes_all, longest_bytes=_longest(hidden))


def check_stem(outbox: Path, stem: str) -> None:
    """Check that the file system takes a stem and its folders. Errors: NameRefused, StorageError.

    A name that it stores as another one is refused too: on FAT `notes.` is `notes`. Folders below
    64 others are not tried.
    """
    folder_name, name = split(stem)
    folders = folder_name.split("/") if folder_name else []
    if len(folders) <= _MOST_DEPTH:
        with storing(str(outbox)), opened(outbox, "") as folder, _hidden_folder(folder) as hidden:
            _check_below(hidden, folders, f"{name}.json")


def remove_hidden(folder: int, name: str, depth: int = 0) -> None:
    """Remove a hidden folder that a killed probe left; one with anything else in it stays."""
    with suppress(OSError):
        hidden = enter_folder(folder, name)
        try:
            for each in names_in(hidden):
                _remove_empty(hidden, each, depth)
        finally:
            os.close(hidden)
        os.rmdir(name, dir_fd=folder)


@contextmanager
def _hidden_folder(folder: int) -> Iterator[int]:
    """A new folder under a draft's name, which synchronisers are told to ignore."""
    name = draft_name()
    os.mkdir(name, 0o700, dir_fd=folder)
    try:
        hidden = enter_folder(folder, name)
        try:
            yield hidden
        finally:
            os.close(hidden)
    finally:
        remove_hidden(folder, name)


def _remove_empty(hidden: int, name: str, depth: int) -> None:
    """Remove an empty file, or a folder of such: a probe makes nothing else."""
    status = os.stat(name, dir_fd=hidden, follow_symlinks=False)
    if S_ISDIR(status.st_mode) and depth <= _MOST_DEPTH:
        remove_hidden(hidden, name, depth + 1)
    elif S_ISREG(status.st_mode) and status.st_size == 0:
        os.unlink(name, dir_fd=hidden)


def _check_below(folder: int, folders: list[str], name: str) -> None:
    """Make a file below some folders; whoever made this folder removes them."""
    wanted = folders[0] if folders else name
    with naming(folder, wanted):
        if folders:
            os.mkdir(wanted, 0o700, dir_fd=folder)
        else:
            _make(folder, wanted)
        if fold(wanted) not in map(fold, names_in(folder)):
            raise OSError(errno.EINVAL, "it becomes another name")
    if folders:
        inner = enter_folder(folder, wanted)
        try:
            _check_below(inner, folders[1:], name)
        finally:
            os.close(inner)


def _longest(hidden: int) -> int:
    """The longest name in bytes, by bisection."""
    if _takes(hidden, "n" * LONGEST_NAME_BYTES):
        return LONGEST_NAME_BYTES
    taken, refused = PLAIN_NAME_BYTES, LONGEST_NAME_BYTES
    while refused - taken > 1:
        middle = (taken + refused) // 2
        taken, refused = (middle, refused) if _takes(hidden, "n" * middle) else (taken, middle)
    return taken


def _takes(hidden: int, name: str) -> bool:
    """True if a file can be made under a name, and has that name then."""
    try:
        _make(hidden, name)
    except OSError as error:
        if error.errno in _TELLS_NOTHING:
            raise
        return False
    is_listed = name in names_in(hidden)
    os.unlink(name, dir_fd=hidden)
    return is_listed


def _make(hidden: int, name: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(name, flags, 0o600, dir_fd=hidden))
