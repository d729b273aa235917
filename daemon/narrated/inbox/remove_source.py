"""Archives or deletes a source after it was narrated (`after: archive`, `after: delete`).

Both act only on the narrated version. The default is to keep the source, because a synchroniser
would carry the deletion to the user's laptop.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from narrated.atomic_write import atomic_write
from narrated.errors import SourceError, StorageError
from narrated.inbox.readiness import FileSignature, LeaseProbe, probe_lease
from narrated.inbox.safe_read import folder_of
from narrated.printable import printable

_SOURCE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def archive(root: Path, path: str, signature: FileSignature, into: Path) -> Path:
    """Move this version of a source below `into`, under its own path; return its new path.

    If the name is taken, the source gets a number, unless a killed daemon left that file by the
    same move. One call at a time. Raises SourceAbsent or SourceError if the source is gone or has
    changed, and StorageError if the archive cannot be written; the source then stays.
    """
    with (
        folder_of(root, path) as (folder, name),
        _opened_version(folder, name, path, signature) as source,
        _storage_errors(f"{printable(path)} cannot be archived in {printable(str(into))}"),
    ):
        target = _reserved(into / path, source)
        try:
            _move(source, folder, name, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    return target


def delete(root: Path, path: str, signature: FileSignature) -> None:
    """Delete this version of a source; raises the same errors as `archive`."""
    with (
        folder_of(root, path) as (folder, name),
        _opened_version(folder, name, path, signature),
        _storage_errors(f"{printable(path)} cannot be deleted from the inbox"),
    ):
        os.unlink(name, dir_fd=folder)


@contextmanager
def _opened_version(folder: int, name: str, path: str, signature: FileSignature) -> Iterator[int]:
    """Open a source; raise SourceError if it is another version or a process is writing it."""
    changed = SourceError(
        f"{printable(path)} has changed since it was narrated, so it stays in the inbox."
    )
    try:
        fd = os.open(name, _SOURCE, dir_fd=folder)
    except OSError as error:
        raise changed from error
    try:
        if FileSignature.of(os.fstat(fd)) != signature or probe_lease(fd) is LeaseProbe.WRITER:
            raise changed
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _storage_errors(problem: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{problem}: {error.strerror}.", "Check its permissions and free space."
        ) from error


def _reserved(wanted: Path, source: int) -> Path:
    """Create an empty file under this name, or the next free one, for a move to replace."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    target, number = wanted, 1
    while True:
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            if _may_be_replaced(target, source):
                return target
            number += 1
            target = wanted.with_name(_numbered(wanted, number))
        else:
            return target


def _may_be_replaced(target: Path, source: int) -> bool:
    """True if nothing is lost: the file is empty, or a copy of this source."""
    there, ours = target.lstat(), os.fstat(source)
    if not stat.S_ISREG(there.st_mode):
        return False
    if (there.st_size, there.st_mtime_ns) != (ours.st_size, ours.st_mtime_ns):
        return there.st_size == 0
    with target.open("rb") as copy, open(source, "rb", closefd=False) as content:
        same = hashlib.file_digest(copy, "sha256").digest()
        return same == hashlib.file_digest(content, "sha256").digest()


def _numbered(wanted: Path, number: int) -> str:
    """Put a number before the suffix, and keep the name within the file system's 255 bytes."""
    tail = os.fsencode(f"-{number}{wanted.suffix}")
    return os.fsdecode(os.fsencode(wanted.stem)[: 255 - len(tail)] + tail)


def _move(source: int, folder: int, name: str, target: Path) -> None:
    try:
        os.rename(name, target, src_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        before = os.fstat(source)
        _copy(source, before, target)
        _remove_unchanged(before, folder, name)


def _copy(source: int, status: os.stat_result, target: Path) -> None:
    """Copy across file systems: the file is complete and synced before it gets its name."""
    for left in target.parent.glob(".narrated-*.tmp"):  # left by a killed daemon
        left.unlink()
    with (
        atomic_write(target) as draft,
        open(source, "rb", closefd=False) as content,
        draft.open("xb") as copy,
    ):
        content.seek(0)
        shutil.copyfileobj(content, copy)
        copy.flush()
        os.fchmod(copy.fileno(), stat.S_IMODE(status.st_mode))
        os.utime(copy.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(copy.fileno())
    _sync_folder(target.parent)


def _remove_unchanged(before: os.stat_result, folder: int, name: str) -> None:
    now = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if FileSignature.of(now) != FileSignature.of(before):
        raise OSError(errno.ESTALE, "it changed during the copy")
    os.unlink(name, dir_fd=folder)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
