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
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from narrated import regular_file
from narrated.atomic_write import atomic_write, draft_name, drafts_in
from narrated.errors import StorageError
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.held_source import LeavingSource, leaving, numbered
from narrated.printable import printable


def archive(
    root: Path, path: str, signature: FileSignature, into: Path, record: Path | None = None
) -> Path:
    """Move this version of a source below `into`, under its own path; return its new path.

    If the name is taken, the source gets a number, unless a killed daemon left that file by the
    same move. One call at a time, with one `record` (see `leaving`). Raises SourceAbsent or
    SourceError if the source is gone or has changed, and StorageError if the archive cannot be
    written; the source then stays.
    """
    with (
        leaving(root, path, signature, record) as source,
        _storage_errors(f"{printable(path)} cannot be archived in {printable(str(into))}"),
    ):
        target = _reserved(into / path, source.fd)
        try:
            _move(source, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    return target


def delete(root: Path, path: str, signature: FileSignature, record: Path | None = None) -> None:
    """Delete this version of a source; raises the same errors as `archive`."""
    with (
        leaving(root, path, signature, record) as source,
        _storage_errors(f"{printable(path)} cannot be deleted from the inbox"),
        source.held() as name,
    ):
        os.unlink(name, dir_fd=source.folder)


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
    others = map(wanted.with_name, numbered(wanted.name))
    return next(each for each in chain([wanted], others) if _is_ours(each, source))


def _is_ours(target: Path, source: int) -> bool:
    """Create a file; True if it is new, or if it is empty or a copy of this source already."""
    with suppress(FileExistsError):
        target.touch(exist_ok=False)
        return True
    there, ours = target.lstat(), os.fstat(source)
    if not stat.S_ISREG(there.st_mode):
        return False
    if (there.st_size, there.st_mtime_ns) != (ours.st_size, ours.st_mtime_ns):
        return there.st_size == 0
    with regular_file.opened(target) as copy, open(source, "rb", closefd=False) as content:
        same = hashlib.file_digest(copy, "sha256").digest()
        return same == hashlib.file_digest(content, "sha256").digest()


def _move(source: LeavingSource, target: Path) -> None:
    """Rename the source, or copy it first: a copy that fails leaves it untouched."""
    if not _is_elsewhere(source.folder, target) and _renamed(source, target):
        return
    _copy(source.fd, os.fstat(source.fd), target)
    with source.held() as name:
        os.unlink(name, dir_fd=source.folder)


def _renamed(source: LeavingSource, target: Path) -> bool:
    """Rename the source; False if no rename leads to the target after all. Errors: OSError."""
    try:
        with source.held() as name:
            os.rename(name, target, src_dir_fd=source.folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _is_elsewhere(folder: int, target: Path) -> bool:
    """True if no rename leads to the target; most kernels say so before they look for the file.

    Subvolumes of one mount tell only by their device, and quotas of projects only at the rename.
    """
    if os.fstat(folder).st_dev != target.parent.stat().st_dev:
        return True
    try:
        os.rename(draft_name(), target, src_dir_fd=folder)
    except OSError as error:
        return error.errno == errno.EXDEV
    return False


def _copy(source: int, status: os.stat_result, target: Path) -> None:
    """Copy across file systems: the file is complete and synced before it gets its name."""
    _remove_drafts(target.parent)
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


def _remove_drafts(folder: Path) -> None:
    """Remove the copies that a killed daemon left incomplete."""
    with _opened(folder) as fd:
        for left in drafts_in(fd):
            os.unlink(left, dir_fd=fd)


def _sync_folder(folder: Path) -> None:
    with _opened(folder) as fd:
        os.fsync(fd)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
