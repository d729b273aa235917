"""Open folders of the outbox, so that no file is written through a link.

Every operation is relative to an open folder; a path that changes meanwhile does no harm.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import FileIO
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Self, TypeVar

from narrated.atomic_write import draft_name
from narrated.errors import NameRefused, SourceError
from narrated.outbox.unique_stems import is_inside
from narrated.printable import printable
from narrated.regular_file import NotRegular, descended, enter_folder

Result = TypeVar("Result")

FOLDER_MODE = 0o2775  # setgid: new files belong to the shared group
FILE_MODE = 0o664

_TRIES = 20
_COPIED_BYTES = 1 << 20
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP}  # some network and FUSE file systems
_REFUSED_NAME = {errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ}
_CANNOT_CHMOD = {errno.EPERM, errno.ENOTSUP}  # file systems without owners or modes


@contextmanager
def opened(outbox: Path, folder: str, *, make: bool = False) -> Iterator[int]:
    """Open a folder below the outbox ("" for the outbox itself), and yield its descriptor.

    `make` creates missing folders, but never the outbox: a disk that is not mounted must not look
    like an empty one. Errors: OSError, with ENOTDIR if a link is in the way; with `make`
    SourceError if a file is in the way, NameRefused if the file system refuses a folder's name.
    """
    if folder and not is_inside(folder):
        raise ValueError(f"{folder!r} is not a folder inside the outbox")
    with descended(outbox, folder, partial(_enter, make=make)) as held:
        yield held


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
    with suppress(FileNotFoundError, IsADirectoryError), absent_if_refused():
        os.unlink(name, dir_fd=folder)


@contextmanager
def absent_if_refused() -> Iterator[None]:
    """Turn the refusal of a name into FileNotFoundError: no file can have that name."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSED_NAME or isinstance(error, NotRegular):
            raise
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), error.filename) from error


@contextmanager
def naming(folder: int, name: str) -> Iterator[None]:
    """Turn the refusal of a new name in an open folder into NameRefused.

    FUSE's exFAT says ENOENT, as if the folder were gone: then a draft tells whether it is.
    """
    try:
        with _refusing(name):
            yield
    except FileNotFoundError as error:
        if not _takes_drafts(folder):
            raise
        raise _refused(name) from error


def keep_clear(folder: int, names: Iterable[str]) -> list[str]:
    """Check that files may get these names, and return those that something stands under.

    Some file systems tell only where a file is made that they refuse its name. Errors: SourceError
    if a folder has one; NameRefused.
    """
    standing: list[str] = []
    for name in names:
        with suppress(FileNotFoundError), _refusing(name):
            if S_ISDIR(_mode(folder, name)):
                raise _in_the_way(f"The file {name}", "folder")
            standing.append(name)
    return standing


def prune(outbox: Path, stem: str) -> None:
    """Remove the folders of a stem, as long as they are empty and we may."""
    folder, _ = split(stem)
    while folder:
        parent, _, name = folder.rpartition("/")
        # If somebody else removed it first, the folder above may be empty now.
        try:
            with (
                suppress(FileNotFoundError),
                opened(outbox, parent) as held,
                absent_if_refused(),
            ):
                os.rmdir(name, dir_fd=held)
        except OSError:
            return
        folder = parent


@contextmanager
def leaving_no_folders(outbox: Path, stem: str) -> Iterator[None]:
    """Remove the folders made for a stem if a name was refused, as long as they are empty."""
    try:
        yield
    except NameRefused:
        prune(outbox, stem)
        raise


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
        descriptor = os.open(self._name, flags, FILE_MODE, dir_fd=folder)
        self._file = os.fdopen(descriptor, "wb", buffering=0)  # it is written in large pieces
        self._digest = hashlib.sha256()
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the descriptor is closed anyway
            self._file.close()
        if not self._placed:
            remove(self._folder, self._name)

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything written so far, in hex."""
        return self._digest.hexdigest()

    def write(self, content: bytes) -> None:
        """Write the whole content, and make the file readable by the group."""
        self._fill([content])

    def copy(self, source: Path) -> None:
        """Write the content of a file, and make the draft readable by the group."""
        with source.open("rb", buffering=0) as file:
            most = min(_COPIED_BYTES, os.fstat(file.fileno()).st_size + 1)
            self._fill(iter(partial(file.read, most), b""))

    def _fill(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._digest.update(piece)
            self.bytes += len(piece)
            _write_whole(self._file, piece)
        _allow(self._file.fileno(), FILE_MODE)

    def settle(self) -> None:
        """Sync and close the file."""
        os.fsync(self._file.fileno())
        self._file.close()

    def place(self, name: str) -> None:
        """Rename the draft, replacing an older file. Errors: OSError; NameRefused."""
        self._file.close()
        with naming(self._folder, name):
            os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._placed = True


def _write_whole(file: FileIO, piece: bytes) -> None:
    """Write all of a piece: a single write may end early, on a disk that has room for a part."""
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def _enter(parent: int, name: str, *, make: bool) -> int:
    made = False
    if make:
        with suppress(FileExistsError), naming(parent, name):
            os.mkdir(name, dir_fd=parent)
            made = True
    try:
        with absent_if_refused():
            folder = enter_folder(parent, name)
    except NotADirectoryError:
        _not_below_a_file(parent, name, make)
        raise
    if made:
        _allow(folder, FOLDER_MODE)  # whatever the umask said
        sync(parent)
    return folder


def _not_below_a_file(parent: int, name: str, make: bool) -> None:
    """Raise SourceError if a plain file is in the place of a folder."""
    if not S_ISREG(_mode(parent, name)):
        return
    if make:
        raise _in_the_way(f"The folder {name}", "file") from None
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from None


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn a plain refusal of a name into NameRefused."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSED_NAME:
            raise
        raise _refused(name, is_too_long=error.errno == errno.ENAMETOOLONG) from error


def _takes_drafts(folder: int) -> bool:
    """True if an open folder is still there, and takes a file."""
    with suppress(OSError), DraftFile(folder):
        return True
    return False


def _mode(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode


def _in_the_way(wanted: str, kind: str) -> SourceError:
    return SourceError(
        f"{printable(wanted)} cannot be made in the outbox: a {kind} of the same name is there.",
        "Rename one of the two in the inbox, the folder or the post that becomes this file; "
        "then `narrated retry` what still failed.",
    )


def _refused(name: str, *, is_too_long: bool = False) -> NameRefused:
    reason = ": it is too long" if is_too_long else ""
    return NameRefused(
        f"The outbox's file system does not take the name `{printable(name)}`{reason}.",
        f"Give the source, or its folder, a {'shorter' if is_too_long else 'plainer'} name.",
        is_too_long=is_too_long,
    )


def _allow(descriptor: int, mode: int) -> None:
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        if error.errno not in _CANNOT_CHMOD:
            raise
