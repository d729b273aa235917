"""Tells names that are two spellings of one file from the names of two files.

A file system may ignore case, or how accents are spelled. Inode numbers do not tell: FUSE gives
each spelling a number of its own.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from narrated.atomic_write import draft_name
from narrated.os_error_remedies import storing
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.outbox.open_folder import opened
from narrated.outbox.unique_stems import fold


def is_one_place(outbox: Path, stem: str, other: str) -> bool:
    """True if two stems are one narration, once the manifest of one of them stands.

    Errors: StorageError.
    """
    if fold(stem) != fold(other):
        return False
    pairs = zip_longest((stem + MANIFEST_SUFFIX).split("/"), (other + MANIFEST_SUFFIX).split("/"))
    folder = ""
    for name, other_name in pairs:
        if name != other_name and _are_two(outbox, folder, {name, other_name}):
            return False
        folder = f"{folder}/{name}" if folder else name
    return True


def respell(folder: int, standing: Collection[str]) -> None:
    """Spell files of an open folder as these names are, which all stand there in some spelling.

    A file that replaces another keeps the other's spelling, on file systems that ignore case.
    Errors: OSError.
    """
    listed = names_in(folder) if standing else set()
    for name in standing:
        if name not in listed:
            for other in (each for each in listed if fold(each) == fold(name)):
                draft = draft_name()
                os.rename(other, draft, src_dir_fd=folder, dst_dir_fd=folder)
                os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)


def names_in(folder: int) -> set[str]:
    """List the names in an open folder, as it spells them. Errors: OSError."""
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}


def _are_two(outbox: Path, folder_name: str, names: set[str]) -> bool:
    """True if a folder lists both names: as one file they would be listed once."""
    with (
        storing(str(outbox / folder_name)),
        suppress(FileNotFoundError),
        opened(outbox, folder_name) as folder,
    ):
        return names <= names_in(folder)
    return False
