"""Feed and covers in the outbox: replaces ours whole, and leaves somebody else's alone."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum, auto
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from narrated import regular_file
from narrated.os_error_remedies import storing
from narrated.outbox.open_folder import DraftFile, opened, prune, remove, split, sync
from narrated.outbox.untrusted_reads import file_in, size_in

FEED_NAME = "feed.xml"
_MOST_PICTURE_BYTES = 32 << 20


class PlacedFile(Enum):
    """The outcome for a feed or a cover."""

    WRITTEN = auto()
    UNCHANGED = auto()
    OF_OTHERS = auto()
    """Something else has its name, so that it was not written."""


class ExpectedFile(NamedTuple):
    """A file of the outbox, and the size that it is to have."""

    path: str
    size_bytes: int


def feed_beginning(outbox: Path, path: str, most_bytes: int) -> bytes:
    """Return the beginning of the feed that stands; empty if none does. Errors: StorageError.

    Whoever asks tells of one that is not ours.
    """
    folder_name, name = split(path)
    with (
        storing(str(outbox / path)),
        suppress(FileNotFoundError, NotADirectoryError),
        opened(outbox, folder_name) as folder,
    ):
        file = file_in(folder, name)
        if file is not None:
            with file:
                return file.read(most_bytes)
    return b""


def is_taken(outbox: Path, path: str) -> bool:
    """True if anything has this name in the outbox, even a folder. Errors: StorageError."""
    folder_name, name = split(path)
    with (
        storing(str(outbox / path)),
        suppress(FileNotFoundError, NotADirectoryError),
        opened(outbox, folder_name) as folder,
    ):
        return _mode(folder, name) is not None
    return False


def feed_folders(outbox: Path, mark: bytes) -> list[str]:
    """Find the folders with a feed of this mark, the root's first. Errors: StorageError."""
    found: list[str] = []
    with storing(str(outbox)):
        for folder, folders, files in os.walk(outbox, onerror=_raise):
            folders.sort()
            if FEED_NAME in files:
                path = os.path.relpath(folder, outbox)
                inside = "" if path == "." else path
                feed = f"{inside}/{FEED_NAME}" if inside else FEED_NAME
                if mark in feed_beginning(outbox, feed, len(mark) + 100):
                    found.append(inside)
    return found


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def place_feed(outbox: Path, path: str, draft: Path, mark: bytes) -> PlacedFile:
    """Put a finished feed into the outbox, durably, unless the same one stands there.

    A file without the mark is somebody else's, and stays; so does a link, a folder, and so on.
    Errors: StorageError.
    """
    folder_name, name = split(path)
    with storing(str(outbox / path)), opened(outbox, folder_name) as folder:
        if _mode(folder, name) is not None:
            file = file_in(folder, name)  # whoever asks tells of one that is not ours
            if file is None:
                return PlacedFile.OF_OTHERS
            with file:
                if mark not in file.read(len(mark) + 100):
                    return PlacedFile.OF_OTHERS
                file.seek(0)
                if _is_alike(file, draft):
                    return PlacedFile.UNCHANGED
        _write(folder, name, lambda written: written.copy(draft))
    return PlacedFile.WRITTEN


def touch_feed(outbox: Path, path: str, mark: bytes) -> None:
    """Give a feed with this mark the present time, so that whoever watches it sees a change.

    Errors: StorageError.
    """
    folder_name, name = split(path)
    with (
        storing(str(outbox / path)),
        suppress(FileNotFoundError, NotADirectoryError),
        opened(outbox, folder_name) as folder,
    ):
        file = file_in(folder, name, str(outbox / path))
        if file is not None:
            with file:
                if mark in file.read(len(mark) + 100):
                    os.utime(file.fileno())


def remove_feed(outbox: Path, path: str, mark: bytes) -> bool:
    """Remove a feed with this mark, and the folders that it leaves empty; False if there is none.

    Errors: StorageError.
    """
    folder_name, name = split(path)
    with storing(str(outbox / path)), suppress(FileNotFoundError, NotADirectoryError):
        with opened(outbox, folder_name) as folder:
            file = file_in(folder, name, str(outbox / path))
            if file is None:
                return False
            with file:
                if mark not in file.read(len(mark) + 100):
                    return False
            remove(folder, name)
            sync(folder)
        prune(outbox, path)
        return True
    return False


def picture_content(outbox: Path, path: str) -> bytes:
    """Read a picture of the outbox; empty if none of ours is there. Errors: StorageError."""
    folder_name, name = split(path)
    with (
        storing(str(outbox / path)),
        suppress(FileNotFoundError, NotADirectoryError),
        opened(outbox, folder_name) as folder,
    ):
        file = file_in(folder, name, str(outbox / path))
        if file is not None:
            with file:
                return regular_file.read(file, _MOST_PICTURE_BYTES) or b""
    return b""


def place_picture(
    outbox: Path, path: str, content: bytes, older_sha256: str, *, make: bool = False
) -> PlacedFile:
    """Put a picture into the outbox, unless the same one stands there; `make` makes its folder.

    Anything but what was written there before, by its digest, is somebody else's and stays.
    Errors: StorageError.
    """
    folder_name, name = split(path)
    with storing(str(outbox / path)), opened(outbox, folder_name, make=make) as folder:
        if _mode(folder, name) is not None:
            found = _sha256(folder, name, str(outbox / path))
            if found == hashlib.sha256(content).hexdigest():
                return PlacedFile.UNCHANGED
            if not found or found != older_sha256:
                return PlacedFile.OF_OTHERS
        _write(folder, name, lambda written: written.write(content))
    return PlacedFile.WRITTEN


def remove_picture(outbox: Path, path: str, sha256: str) -> None:
    """Remove a picture that has this digest, and the folders that it leaves empty.

    Errors: StorageError.
    """
    folder_name, name = split(path)
    with storing(str(outbox / path)), suppress(FileNotFoundError, NotADirectoryError):
        with opened(outbox, folder_name) as folder:
            if _sha256(folder, name, str(outbox / path)) != sha256:
                return
            remove(folder, name)
            sync(folder)
        prune(outbox, path)


def size_of(outbox: Path, path: str) -> int | None:
    """Return the size of a file that a feed names; None if the outbox has none there.

    `path` is anybody's. Errors: StorageError.
    """
    with storing(str(outbox)), suppress(ValueError, FileNotFoundError, NotADirectoryError):
        folder_name, name = split(path)
        with opened(outbox, folder_name) as folder:
            return size_in(folder, name)
    return None


def standing(outbox: Path, files: Iterable[ExpectedFile]) -> set[str]:
    """Return the paths of those files that stand with their sizes. Errors: StorageError."""
    by_folder: dict[str, list[ExpectedFile]] = {}
    for each in files:
        by_folder.setdefault(each.path.rpartition("/")[0], []).append(each)
    found: set[str] = set()
    for folder_name, expected in by_folder.items():
        with (
            storing(str(outbox / folder_name)),
            suppress(FileNotFoundError, NotADirectoryError),
            opened(outbox, folder_name) as folder,
        ):
            found.update(
                each.path
                for each in expected
                if size_in(folder, each.path.rpartition("/")[2]) == each.size_bytes
            )
    return found


def _mode(folder: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return None


def _sha256(folder: int, name: str, where: str) -> str:
    """The digest of a picture; empty if it is none of ours, or too large for one."""
    file = file_in(folder, name, where)
    if file is None:
        return ""
    with file:
        if os.fstat(file.fileno()).st_size > _MOST_PICTURE_BYTES:
            return ""
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_alike(file: BufferedReader, draft: Path) -> bool:
    """True if an open file and a draft have the same content."""
    with draft.open("rb") as other:
        if os.fstat(file.fileno()).st_size != os.fstat(other.fileno()).st_size:
            return False
        digests = [hashlib.file_digest(each, "sha256").digest() for each in (file, other)]
        return digests[0] == digests[1]


def _write(folder: int, name: str, write: Callable[[DraftFile], None]) -> None:
    """Write a file durably, whole or not at all."""
    with DraftFile(folder) as written:
        write(written)
        written.settle()
        written.place(name)
    sync(folder)
