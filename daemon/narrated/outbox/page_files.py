"""The page's folder in the outbox: writes ours whole, and leaves somebody else's alone."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple

from narrated.atomic_write import is_draft
from narrated.os_error_remedies import storing
from narrated.outbox.open_folder import DraftFile, opened, prune, remove, split, sync
from narrated.outbox.untrusted_reads import file_in, size_in
from narrated.regular_file import stands

_MOST_FILES = 100_000
"""Bound on the files of the folder that are looked at: anybody may have put them there."""


class StandingPage(NamedTuple):
    """The page as it stands in the outbox."""

    foreign: str
    """The outbox path of what is somebody else's in its place; empty if nothing is."""
    sizes: dict[str, int]
    """The sizes of the files in its folder."""


def standing_page(
    outbox: Path, page: str, folder: str, mark: bytes, *, is_known: bool
) -> StandingPage:
    """Look at the page and its folder. Errors: StorageError.

    A page is ours by its mark. The folder is ours if the page is, if it `is_known` as ours, or if
    there is nothing in it.
    """
    with storing(str(outbox / page)), opened(outbox, "") as root:
        has_page = _has_mark(root, page, mark)
        if has_page is False:
            return StandingPage(page, {})
        sizes = _sizes(outbox, folder, root)
    if sizes is None or (sizes and not (has_page or is_known)):
        return StandingPage(folder, {})
    return StandingPage("", sizes)


def place_files(outbox: Path, folder: str, files: Mapping[str, bytes]) -> None:
    """Put files into a folder of the outbox, durably; a file with the same content stays.

    Errors: StorageError.
    """
    with storing(str(outbox / folder)), opened(outbox, folder, make=True) as held:
        for name, content in files.items():
            _place(held, name, outbox / folder / name, content)
        sync(held)


def _place(folder: int, name: str, where: Path, content: bytes) -> None:
    with storing(str(where)):
        if not _is_alike(folder, name, str(where), content):
            with DraftFile(folder) as written:
                written.write(content)
                written.settle()
                written.place(name)


def place_news(outbox: Path, path: str, content: bytes) -> None:
    """Put a file into a folder that stands, atomically but not synced. Errors: StorageError."""
    folder_name, name = split(path)
    with (
        storing(str(outbox / path)),
        suppress(FileNotFoundError),  # the folder went: the next page makes it again
        opened(outbox, folder_name) as folder,
        DraftFile(folder) as written,
    ):
        written.write(content)
        written.place(name)


def remove_files(outbox: Path, folder: str, names: Iterable[str]) -> None:
    """Remove files from a folder of the outbox, and the folder if it is empty then.

    Errors: StorageError.
    """
    with storing(str(outbox / folder)), suppress(FileNotFoundError, NotADirectoryError):
        with opened(outbox, folder) as held:
            for name in names:
                remove(held, name)
            sync(held)
        prune(outbox, f"{folder}/file")


def touch(outbox: Path, path: str) -> None:
    """Give a file of the outbox's root the present time: somebody waits for its changes."""
    with storing(str(outbox / path)), suppress(FileNotFoundError), opened(outbox, "") as root:
        os.utime(path, dir_fd=root, follow_symlinks=False)


def _has_mark(folder: int, name: str, mark: bytes) -> bool | None:
    """True if a file is there, and has the mark near its beginning; None if nothing is there."""
    if not stands(folder, name):
        return None
    file = file_in(folder, name)
    if file is None:
        return False
    with file:
        return mark in file.read(len(mark) + 100)


def _sizes(outbox: Path, folder: str, root: int) -> dict[str, int] | None:
    """The sizes of a folder's files; None if something else has its name."""
    try:
        with suppress(FileNotFoundError):
            if not S_ISDIR(os.stat(folder, dir_fd=root, follow_symlinks=False).st_mode):
                return None
            with opened(outbox, folder) as held, os.scandir(held) as entries:
                return _sizes_of(entries)
    except NotADirectoryError:
        return None
    return {}


def _sizes_of(entries: Iterable[os.DirEntry[str]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for each in entries:
        if len(sizes) >= _MOST_FILES:
            break
        if is_draft(each.name):
            continue
        is_file = each.is_file(follow_symlinks=False)
        sizes[each.name] = each.stat(follow_symlinks=False).st_size if is_file else -1
    return sizes


def _is_alike(folder: int, name: str, where: str, content: bytes) -> bool:
    if size_in(folder, name) != len(content):
        return False
    file = file_in(folder, name, where)
    if file is None:
        return False
    with file:
        return file.read(len(content) + 1) == content
