"""Holds a source under a name of ours while it leaves the inbox.

A check of a file and the removal of its name leave room between them: a newer version may take the
name, and would go unread. So the file gets a name of ours first, is checked there, and is put back
if it is another version. A record outside of the inbox names it, for the start after a kill.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from narrated import private_files, regular_file
from narrated.atomic_write import draft_name, is_draft
from narrated.errors import SourceError, StorageError
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.readiness import LeaseProbe, probe_lease
from narrated.inbox.safe_read import folder_of, opened_folder
from narrated.printable import printable
from narrated.regular_file import stands

_RECORD_BYTES = 64 * 1024


class LeavingSource:
    """One version of a source, open; `held` gives its name to nobody else."""

    def __init__(self, path: str, folder: int, name: str, fd: int, record: Path | None) -> None:
        self.fd = fd
        self.folder = folder
        self._path = path
        self._name = name
        self._before = os.fstat(fd)
        self._record = record

    @contextmanager
    def held(self) -> Iterator[str]:
        """Yield the source's name meanwhile; if an error ends this, it gets its own name back.

        Raises SourceError, with everything in its place, if a newer version has come.
        """
        ours = draft_name()
        _write_record(self._record, self._path, ours)
        os.rename(self._name, ours, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        try:
            if not self._is_same(ours):
                raise changed(self._path)
            yield ours
        except BaseException:
            _put_back(self.folder, ours, self._name)
            raise
        finally:
            # Of a file that could not be put back, the next start has to know.
            if self._record is not None and not stands(self.folder, ours):
                self._record.unlink(missing_ok=True)

    def _is_same(self, ours: str) -> bool:
        """True if this very version got our name, and nobody writes to it."""
        taken = _version(os.stat(ours, dir_fd=self.folder, follow_symlinks=False))
        return taken == _version(self._before) and probe_lease(self.fd) is not LeaseProbe.WRITER


@contextmanager
def leaving(
    root: Path, path: str, signature: FileSignature, record: Path | None
) -> Iterator[LeavingSource]:
    """Open a source that is to leave; SourceError if it has changed or a process is writing it.

    `record` is the file that names a held source, for `put_back`; one that a killed daemon held and
    whose inbox was absent since is put back first. Raises SourceAbsent if the source is gone.
    """
    if record is not None and record.exists():
        _put_back_earlier(root, path, record)
    with folder_of(root, path) as (folder, name):
        try:
            fd = os.open(name, regular_file.OPEN_FILE, dir_fd=folder)
        except OSError as error:
            raise changed(path) from error
        try:
            if FileSignature.of(os.fstat(fd)) != signature or probe_lease(fd) is LeaseProbe.WRITER:
                raise changed(path)
            yield LeavingSource(path, folder, name, fd, record)
        finally:
            os.close(fd)


def put_back(root: Path, record: Path) -> tuple[str, FileSignature] | None:
    """Give a source its name back that a killed daemon held.

    Returns its path and present signature, None if there was none. The record of a source that is
    not found stays: its disk may not be mounted. Errors: OSError.
    """
    path, ours = _recorded_in(record)
    folder, _, name = path.rpartition("/")
    found = None
    if is_draft(ours):
        with suppress(FileNotFoundError, NotADirectoryError), opened_folder(root, folder) as held:
            os.stat(ours, dir_fd=held, follow_symlinks=False)
            _put_back(held, ours, name)
            status = os.stat(name, dir_fd=held, follow_symlinks=False)
            found = path, FileSignature.of(status)
    if found or not is_draft(ours):
        record.unlink(missing_ok=True)
    return found


def changed(path: str) -> SourceError:
    """The refusal to remove a version that was not narrated."""
    return SourceError(
        f"{printable(path)} has changed since it was narrated, so it stays in the inbox."
    )


def numbered(name: str) -> Iterator[str]:
    """Names with a number before the suffix, each within the file system's 255 bytes."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122
    for number in count(2):
        tail = os.fsencode(f"-{number}{suffix}")
        yield os.fsdecode(os.fsencode(stem)[: 255 - len(tail)] + tail)


def _put_back_earlier(root: Path, path: str, record: Path) -> None:
    try:
        put_back(root, record)
    except OSError as error:
        raise StorageError(
            f"{printable(path)} stays, as an earlier source cannot be put back: {error.strerror}.",
            f"{printable(str(record))} names it and its folder: check their rights.",
        ) from error


def _version(status: os.stat_result) -> tuple[int, int, int, int]:
    """A version without its ctime, which a rename changes."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _put_back(folder: int, ours: str, name: str) -> None:
    """Rename a held file to its own name, or to a numbered one if a newer file has come there."""
    for wanted in chain([name], numbered(name)):
        if _renamed(folder, ours, wanted):
            return


def _renamed(folder: int, ours: str, wanted: str) -> bool:
    """Rename a held file without replacing another; True if it is no longer held."""
    try:
        os.link(ours, wanted, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True  # it has left
    except FileExistsError:
        if not _is_same_file(folder, ours, wanted):  # otherwise a kill came between the two
            return False
    except OSError:  # a file system without hard links
        if stands(folder, wanted):
            return False
        os.rename(ours, wanted, src_dir_fd=folder, dst_dir_fd=folder)
        return True
    os.unlink(ours, dir_fd=folder)
    return True


def _is_same_file(folder: int, ours: str, wanted: str) -> bool:
    held, there = (os.stat(each, dir_fd=folder, follow_symlinks=False) for each in (ours, wanted))
    return os.path.samestat(held, there)


def _write_record(record: Path | None, path: str, ours: str) -> None:
    if record is None:
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK
    with os.fdopen(private_files.opener(str(record), flags), "wb") as file:
        file.write(os.fsencode(f"{ours}\0{path}"))
        file.flush()
        os.fsync(file.fileno())


def _recorded_in(record: Path) -> tuple[str, str]:
    """The path and our name of a held file; both empty if nothing whole is recorded."""
    with suppress(OSError), regular_file.opened(record) as file:
        ours, _, path = (regular_file.read(file, _RECORD_BYTES) or b"").partition(b"\0")
        return os.fsdecode(path), os.fsdecode(ours)
    return "", ""
