"""Reads files of the inbox without ever following a link."""

import errno
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from narrated import regular_file
from narrated.errors import (
    NarratedError,
    SourceAbsent,
    SourceError,
    SourceTooLarge,
    SourceUnreadable,
)
from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.printable import printable
from narrated.regular_file import NotRegular, descended, stands

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENAMETOOLONG})


def read(root: Path, path: str, limit_bytes: int) -> bytes:
    """Read a file by its path below the root, and follow no link on the way.

    Raises SourceAbsent if it is absent, SourceError if it is no regular file or larger than
    `limit_bytes`, and SourceUnreadable if its permissions forbid it.
    """
    with folder_of(root, path) as (folder, name), _opened(folder, name, path) as file:
        content = regular_file.read(file, limit_bytes)
    if content is None:
        limit = f"{limit_bytes / 1e6:,.1f}".removesuffix(".0")
        raise SourceTooLarge(
            f"{printable(path)} is larger than {limit} MB.", "Split it into smaller files."
        )
    return content


def beginning(root: Path, path: str, most_bytes: int) -> bytes:
    """Read the first bytes of a file, however large it is. Errors: as `read`."""
    with folder_of(root, path) as (folder, name), _opened(folder, name, path) as file:
        return file.read(most_bytes)


def names(root: Path, folder: str) -> list[str]:
    """List a folder below the root ("" for the root), through no link; empty if it is absent."""
    with suppress(OSError), listed(root, folder) as entries:
        return sorted(entry.name for entry in entries)
    return []


def exists(root: Path, path: str) -> bool:
    """True if a regular file lies at a path below the root, with no link on the way."""
    with suppress(NarratedError, OSError), folder_of(root, path) as (folder, name):
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def possible(root: Path, paths: Iterable[str]) -> set[str]:
    """Return the paths without those that are surely absent: most, of names that rarely exist.

    Each folder is opened once for all its names, which costs a fifth of reading each in vain.
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        names[path.rpartition("/")[0]].append(path)
    return {path for folder in names for path in _possible(root, folder, names[folder])}


def is_readable(root: Path, path: str) -> bool:
    """True if `read` could open this file now."""
    with (
        suppress(NarratedError, OSError),
        folder_of(root, path) as (folder, name),
        _opened(folder, name, path),
    ):
        return True
    return False


@contextmanager
def opened_folder(root: str | Path, folder: str) -> Iterator[int]:
    """Open a folder below the root ("" for the root), through no link; it cannot be listed.

    Errors: OSError, with ENOTDIR if a link is on the way.
    """
    with descended(root, folder, lambda held, name: os.open(name, _FOLDER, dir_fd=held)) as fd:
        yield fd


@contextmanager
def listed(root: str | Path, folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """List a folder below the root, through no link; errors as `opened_folder`."""
    with opened_folder(root, folder) as held:
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=held)
        try:
            with os.scandir(fd) as entries:
                yield entries
        finally:
            os.close(fd)


def _possible(root: Path, folder: str, paths: list[str]) -> list[str]:
    """Return those paths in one folder that are not surely absent."""
    try:
        with opened_folder(root, folder) as held:
            return [path for path in paths if stands(held, path.rpartition("/")[2])]
    except OSError:  # reading each tells what is wrong
        return paths


@contextmanager
def folder_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder of a path; yield its descriptor and the last name of the path.

    Raises SourceError if the path leads out of the root or through a link, SourceAbsent if nothing
    lies there, and SourceUnreadable if a folder may not be entered.
    """
    *folders, name = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in [*folders, name]):
        problem = f"{printable(path)} is not a path inside the inbox."
        raise SourceError(problem, "Give a path relative to the inbox, such as blog/post.md.")
    with _source_errors(path):
        held = _entered(root, folders, name, path)
        try:
            yield held, name
        finally:
            os.close(held)


def _entered(root: Path, folders: Sequence[str], name: str, path: str) -> int:
    """Open the folder in which a name lies. Errors: OSError, SourceUnreadable."""
    held, depth = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC), 0
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER, dir_fd=held)
            os.close(held)
            held, depth = inner, depth + 1
        os.stat(name, dir_fd=held, follow_symlinks=False)
    except OSError as error:
        status = os.fstat(held)
        os.close(held)
        if not isinstance(error, PermissionError):
            raise
        remedy = chmod_remedy("/".join(folders[:depth]) or ".", status)
        raise SourceUnreadable(
            f"The folder of {printable(path)} may not be entered.", remedy
        ) from None
    return held


@contextmanager
def _source_errors(path: str) -> Iterator[None]:
    """Turn an OSError about a path into an error with a message for the user."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise SourceAbsent(f"{printable(path)} is missing.") from error
        problem, remedy = f"cannot be read: {error.strerror}", "Check the file and its disk."
        if error.errno == errno.ELOOP:
            problem, remedy = "is a link, and links are not followed", "Put the file itself there."
        raise SourceError(f"{printable(path)} {problem}.", remedy) from error


@contextmanager
def _opened(folder: int, name: str, path: str) -> Iterator[BufferedReader]:
    try:
        with regular_file.opened(name, folder) as file:
            yield file
    except PermissionError:
        remedy = chmod_remedy(path, os.stat(name, dir_fd=folder, follow_symlinks=False))
        raise SourceUnreadable(f"{printable(path)} may not be opened.", remedy) from None
    except NotRegular as error:
        problem = f"{printable(path)} is not a regular file."
        raise SourceError(problem, "Put a regular file in its place.") from error
