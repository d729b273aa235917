"""Open folders of the outbox, so that no file is written through a link.

Every operation is relative to an open folder; a path that changes meanwhile does no harm.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from narrated.atomic_write import draft_name
from narrated.errors import SourceError
from narrated.outbox.output_names import is_inside
from narrated.printable import printable

Result = TypeVar("Result")

FOLDER_MODE = 0o2775  # setgid: new files belong to the shared group
FILE_MODE = 0o664

_TRIES = 20
_COPIED_BYTES = 1 << 20
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP}  # some network and FUSE file systems
_CANNOT_CHMOD = {errno.EPERM, errno.ENOTSUP}  # file systems without owners or modes


@contextmanager
def opened(outbox: Path, folder: str, *, make: bool = False) -> Iterator[int]:
    """Open a folder below the outbox ("" for the outbox itself), and yield its descriptor.

    `make` creates missing folders, but never the outbox: a disk that is not mounted must not look
    like an empty one. Errors: OSError, with ENOTDIR if a link is in the way; with `make`
    SourceError if a file is in the way.
    """
    if folder and not is_inside(folder):
        raise ValueError(f"{folder!r} is not a folder inside the outbox")
    held = os.open(outbox, _OPEN_FOLDER)
    try:
        for name in folder.split("/") if folder else ():
            try:
                inner = _enter(held, name, make)
            except NotADirectoryError:
                _not_below_a_file(held, name, make)
                raise
            os.close(held)
            held = inner
        yield held
    finally:
        os.close(held)


def retry_if_removed(work: Callable[[], Result]) -> Result:
    """Return the work's result; run it again if a folder was removed meanwhile.

    A withdrawal may remove a folder that it emptied, while another thread is about to write into
    it. Nothing was written there yet, so the work starts again from the outbox.
    """
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError):
            return work()
    return work()


def split(stem: str) -> tuple[str, str]:
    """Split a stem into folder and name; ValueError if it leads out of the outbox."""
    if not is_inside(stem):
        raise ValueError(f"{stem!r} is not inside the outbox")
    folder, _, name = stem.rpartition("/")
    return folder, name


def sync(folder: int) -> None:
    """Make the folder's entries durable, if its file system can."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def remove(folder: int, name: str) -> None:
    """Remove a file if it is there; a link goes, never what it leads to, and never a folder."""
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=folder)


def keep_clear(folder: int, names: Iterable[str]) -> None:
    """See that no folder has one of the names that files are to get; SourceError names it."""
    for name in names:
        with suppress(FileNotFoundError):
            if S_ISDIR(_mode(folder, name)):
                raise _in_the_way(f"The file {name}", "folder")


def prune(outbox: Path, folder: str) -> None:
    """Remove a folder and those above it, as long as they are empty and we may."""
    while folder:
        parent, _, name = folder.rpartition("/")
        try:
            with opened(outbox, parent) as held:
                os.rmdir(name, dir_fd=held)
        except FileNotFoundError:
            pass  # somebody else was faster; what is above may be empty now
        except OSError:
            return
        folder = parent


def opened_file(folder: int, name: str) -> BinaryIO:
    """A plain file of the folder for reading, never through a link; errors: OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        return os.fdopen(descriptor, "rb")
    except IsADirectoryError:
        os.close(descriptor)
        raise


def digest(file: BinaryIO) -> str:
    """Return the SHA-256 of the rest of a file, in hex."""
    sha256 = hashlib.sha256()
    while piece := file.read(_COPIED_BYTES):
        sha256.update(piece)
    return sha256.hexdigest()


class DraftFile:
    """A draft in an open folder: `place` renames it, otherwise the exit removes it.

    It is not `atomic_write`, which works on paths: a draft stays in its folder even if somebody
    replaces that folder by a link. A set of drafts is also synced before the first is renamed.
    """

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._name = draft_name()
        self._placed = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(self._name, flags, FILE_MODE, dir_fd=folder), "wb")
        self._digest = hashlib.sha256()
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After a failed write the buffered rest fails again; the descriptor is closed anyway.
        with suppress(OSError):
            self._file.close()
        if not self._placed:
            remove(self._folder, self._name)

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything written so far, in hex."""
        return self._digest.hexdigest()

    def write(self, content: bytes) -> None:
        """Append to the draft."""
        self._digest.update(content)
        self.bytes += len(content)
        self._file.write(content)

    def copy(self, source: Path) -> None:
        """Append a whole file to the draft."""
        with source.open("rb", buffering=0) as file:
            most = min(_COPIED_BYTES, os.fstat(file.fileno()).st_size + 1)
            while piece := file.read(most):
                self.write(piece)

    def finish(self) -> None:
        """Flush, and make the file readable by the group."""
        self._file.flush()
        _allow(self._file.fileno(), FILE_MODE)

    def settle(self) -> None:
        """Sync and close the file."""
        os.fsync(self._file.fileno())
        self._file.close()

    def place(self, name: str) -> None:
        """Rename the draft, replacing an older file."""
        self._file.close()
        os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._placed = True


def _enter(parent: int, name: str, make: bool) -> int:
    flags = _OPEN_FOLDER | os.O_NOFOLLOW
    if make:
        with suppress(FileExistsError):
            return _made(parent, name, flags)
    return os.open(name, flags, dir_fd=parent)


def _not_below_a_file(parent: int, name: str, make: bool) -> None:
    """Raise SourceError if a plain file is in the place of a folder."""
    if not S_ISREG(_mode(parent, name)):
        return
    if make:
        raise _in_the_way(f"The folder {name}", "file") from None
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from None


def _mode(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode


def _in_the_way(wanted: str, kind: str) -> SourceError:
    return SourceError(
        f"{printable(wanted)} cannot be made in the outbox: a {kind} of the same name is there.",
        "Rename one of the two in the inbox, the folder or the post that becomes this file; "
        "then `narrated retry` what still failed.",
    )


def _made(parent: int, name: str, flags: int) -> int:
    os.mkdir(name, dir_fd=parent)
    folder = os.open(name, flags, dir_fd=parent)
    _allow(folder, FOLDER_MODE)  # whatever the umask said
    sync(parent)
    return folder


def _allow(descriptor: int, mode: int) -> None:
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        if error.errno not in _CANNOT_CHMOD:
            raise
