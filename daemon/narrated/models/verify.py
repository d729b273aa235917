"""Verification: reads every file of a model and compares it with the lockfile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from narrated.models.file_hashes import hash_file, size_if_file
from narrated.models.store import LockedFile, LockedModel, ModelStore, unlocked_files


class FileState(StrEnum):
    """Result of comparing a file with the lockfile."""

    FINE = "fine"
    """The file is as it was pulled."""
    MISSING = "missing"
    """The lockfile has the file, the folder does not."""
    CHANGED = "changed"
    """The content differs from the content that was pulled."""
    NOT_LOCKED = "not locked"
    """The folder has the file, the lockfile does not."""


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """A file of a model, with its state and the reason."""

    name: str
    state: FileState
    why: str = ""


def verify_files(
    store: ModelStore, repository: str, locked: LockedModel, on_bytes: Callable[[int], None]
) -> Iterator[VerifiedFile]:
    """Compare every file of a model with the lockfile. Calls `on_bytes` after each file."""
    folder = store.folder_of(repository)
    for name, file in sorted(locked.files.items()):
        yield VerifiedFile(name, *_compare(folder / name, file))
        on_bytes(file.size)
    for name in unlocked_files(folder, locked):
        yield VerifiedFile(name, FileState.NOT_LOCKED, "no pull wrote this file")


def _compare(path: Path, file: LockedFile) -> tuple[FileState, str]:
    size = size_if_file(path)
    if size is None:
        return FileState.MISSING, "the file does not exist"
    if size != file.size:
        return FileState.CHANGED, f"{size} bytes instead of {file.size}"
    try:
        if hash_file(path).sha256 == file.sha256:
            return FileState.FINE, ""
    except OSError as error:
        return FileState.CHANGED, f"cannot be read: {error.strerror}"
    return FileState.CHANGED, "the content differs from what was pulled"
