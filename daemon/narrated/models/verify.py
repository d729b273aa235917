"""The verification of models: what stands on the disk, held against the lock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from narrated.models.file_hashes import digest
from narrated.models.lockfile import LockedFile, LockedModel
from narrated.models.store import ModelStore


class FileState(StrEnum):
    """How a file stands to the lock."""

    FINE = "fine"  # as it was pulled
    MISSING = "missing"  # locked, and not there
    CHANGED = "changed"  # there, and not as it was pulled
    NOT_LOCKED = "not locked"  # there, and never pulled


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file of a model, and what was found."""

    name: str
    state: FileState
    why: str = ""


class ModelState(StrEnum):
    """How a model stands, as far as names and sizes tell."""

    PULLED = "pulled"  # every locked file is there, in its size
    INCOMPLETE = "incomplete"  # locked, and some of it is missing or of another size
    NOT_LOCKED = "not locked"  # a folder that was put there by hand
    ABSENT = "not pulled"  # nothing of it is there


def verified(
    shelf: ModelStore, repository: str, locked: LockedModel, read: Callable[[int], None]
) -> Iterator[CheckedFile]:
    """Every file of a model, read and held against the lock; `read` is told the bytes of each."""
    folder = shelf.place(repository)
    for name, file in sorted(locked.files.items()):
        yield _verified(folder, name, file)
        read(file.size)
    for name in strangers(folder, locked):
        yield CheckedFile(name, FileState.NOT_LOCKED, "nothing of this name was pulled")


def standing(shelf: ModelStore, repository: str, locked: LockedModel | None) -> ModelState:
    """How a model stands, without reading it."""
    if locked is None:
        return ModelState.NOT_LOCKED if shelf.holds(repository) else ModelState.ABSENT
    for name, file in locked.files.items():
        if _size(shelf.place(repository) / name) != file.size:
            return ModelState.INCOMPLETE
    return ModelState.PULLED


def strangers(folder: Path, locked: LockedModel) -> Iterator[str]:
    """The files beside the locked ones that a loader may take for the model's; hidden ones not."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not is_hidden and str(relative) not in locked.files:
            yield str(relative)


def _verified(folder: Path, name: str, file: LockedFile) -> CheckedFile:
    found = _size(folder / name)
    if found is None:
        return CheckedFile(name, FileState.MISSING, "it is not there")
    if found != file.size:
        return CheckedFile(name, FileState.CHANGED, f"{found} bytes instead of {file.size}")
    try:
        fits = digest(folder / name).sha256 == file.sha256
    except OSError as error:
        return CheckedFile(name, FileState.CHANGED, f"it cannot be read: {error.strerror}")
    if fits:
        return CheckedFile(name, FileState.FINE)
    return CheckedFile(name, FileState.CHANGED, "its content is not what was pulled")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
