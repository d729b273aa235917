"""The model folder: its models, the lockfile with their hashes, and every change to both."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import msgspec

from narrated.atomic_write import atomic_write
from narrated.engines.neural.checkpoint_lookup import LOCK_NAME
from narrated.errors import NarratedError, StorageError
from narrated.models.catalogue import detect_layout, is_repository, is_safe_path
from narrated.models.file_hashes import size_if_file

PARTS_FOLDER = ".pulling"
"""Folder of incomplete downloads. It is hidden, so no engine loads from it."""

_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as it was received."""

    size: int
    sha256: str
    """Hash of the bytes on the disk, not the hash that the hub listed."""


@dataclass(frozen=True, slots=True)
class LockedModel:
    """A model as it was received."""

    commit: str
    pulled: str
    """Time of the pull, in UTC."""
    licence: str = ""
    """The licence that the repository names."""
    files: dict[str, LockedFile] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Size on the disk."""
        return sum(file.size for file in self.files.values())


class ModelState(StrEnum):
    """State of a model, judged by file names and sizes alone."""

    PULLED = "pulled"
    """Every locked file exists and has its size."""
    INCOMPLETE = "incomplete"
    """A locked file is missing or has another size."""
    NOT_LOCKED = "not locked"
    """Somebody copied the folder here; no pull wrote it."""
    ABSENT = "not pulled"
    """There are no files."""


class ModelStore:
    """The model folder. Files that root writes get the owner of the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def folder_of(self, repository: str) -> Path:
        """The folder with a model's files."""
        return self.path / repository

    def part_path(self, repository: str, name: str, content: str) -> Path:
        """Path of an incomplete download, by its hash: another commit may have the same file."""
        name, content = quote(name, safe="")[-150:], quote(content, safe="")[:64]
        return self.path / PARTS_FOLDER / repository / f"{name}.{content}"

    def locks(self) -> dict[str, LockedModel]:
        """The locked models, by repository; empty if there is no lockfile yet.

        Raises StorageError if the lockfile cannot be read, or names files outside of the folder.
        """
        path = self.path / LOCK_NAME
        try:
            locks = msgspec.json.decode(path.read_bytes(), type=dict[str, LockedModel])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(
                f"Cannot read {path}: {error.strerror}.",
                "Run the command as the file's owner, or with sudo.",
            ) from error
        except msgspec.MsgspecError as error:
            raise _damaged(path, str(error)) from error
        for repository, locked in locks.items():
            if not is_repository(repository) or not all(map(is_safe_path, locked.files)):
                raise _damaged(path, f"the entry {repository!r} names files outside of its folder")
        return locks

    def repositories(self) -> list[str]:
        """Every folder that contains a model, locked or not."""
        folders = self.path.glob("[!.]*/[!.]*/")
        names = sorted(str(folder.relative_to(self.path)) for folder in folders)
        return list(filter(self.contains_model, names))

    def contains_model(self, repository: str) -> bool:
        """True if the folder has the files of a known kind of model, pulled or not."""
        with suppress(OSError):
            files = [file.name for file in self.folder_of(repository).iterdir() if file.is_file()]
            return detect_layout(files) is not None
        return False

    def model_state(self, repository: str, locked: LockedModel | None) -> ModelState:
        """State of a model, without reading its files."""
        if locked is None:
            is_there = self.contains_model(repository)
            return ModelState.NOT_LOCKED if is_there else ModelState.ABSENT
        folder = self.folder_of(repository)
        files = locked.files.items()
        is_whole = all(size_if_file(folder / name) == file.size for name, file in files)
        return ModelState.PULLED if is_whole else ModelState.INCOMPLETE

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other commands from changing models. Readers need no lock."""
        with explain_write_errors(self.path):
            self._make(self.path / PARTS_FOLDER)
            lock = os.open(self.path / PARTS_FOLDER / "lock", os.O_RDWR | os.O_CREAT, _FILE_MODE)
        try:
            with explain_write_errors(self.path):
                self._give_to_owner(lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NarratedError(
                    f"Another `narrated models` command is changing {self.path}.",
                    "Wait until it ends, then run this command again.",
                ) from None
            yield
        finally:
            os.close(lock)

    def open_part(self, part: Path) -> BinaryIO:
        """Open an incomplete download for writing; unbuffered, so a kill loses no bytes."""
        self._make(part.parent)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _FILE_MODE)
        return os.fdopen(descriptor, "r+b", buffering=0)

    def publish(self, part: Path, repository: str, name: str) -> None:
        """Move a complete download to its final name, over an older file of that name."""
        target = self.folder_of(repository) / name
        self._make(target.parent)
        with part.open("rb") as file:
            self._finish(file)
        part.replace(target)

    def write_locks(self, locks: Mapping[str, LockedModel]) -> None:
        """Replace the lockfile atomically; it is readable, and sorted by repository."""
        text = msgspec.json.format(msgspec.json.encode(dict(sorted(locks.items()))), indent=1)
        draft = self.path / PARTS_FOLDER / LOCK_NAME
        with explain_write_errors(self.path):
            with atomic_write(self.path / LOCK_NAME, draft), self.open_part(draft) as file:
                file.truncate()
                file.write(text + b"\n")
                self._finish(file)
            _sync(self.path)

    def _finish(self, file: BinaryIO) -> None:
        os.fchmod(file.fileno(), _FILE_MODE)
        self._give_to_owner(file.fileno())
        os.fsync(file.fileno())

    def remove_file(self, repository: str, name: str) -> None:
        """Remove a file of a model, and folders that become empty."""
        file = self.folder_of(repository) / name
        with explain_write_errors(self.path):
            file.unlink(missing_ok=True)
            self._remove_empty(file.parent)

    def remove_parts(self, repository: str) -> None:
        """Remove every incomplete download of a model."""
        folder = self.path / PARTS_FOLDER / repository
        with explain_write_errors(self.path):
            for part in folder.glob("*"):
                part.unlink()
            self._remove_empty(folder)

    def has_parts(self, repository: str) -> bool:
        """True if a pull of this model began and did not end."""
        return any((self.path / PARTS_FOLDER / repository).glob("*"))

    def remove_folder(self, repository: str) -> None:
        """Remove a model's folder with all its files, pulled or not."""
        with explain_write_errors(self.path):
            shutil.rmtree(self.folder_of(repository))
            self._remove_empty(self.folder_of(repository))

    def _remove_empty(self, folder: Path) -> None:
        while folder not in (self.path, self.path / PARTS_FOLDER):
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return  # the folder is not empty
            folder = folder.parent

    def _make(self, folder: Path) -> None:
        """Make a folder that the daemon can enter, whatever the umask of the caller."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(_FOLDER_MODE)
            self._give_to_owner(folder)

    def _give_to_owner(self, made: int | Path) -> None:
        if os.geteuid() != 0:
            return
        nearest = nearest_folder(self.path)
        owner = (nearest if nearest != made else nearest.parent).stat()
        os.chown(made, owner.st_uid, owner.st_gid)


def remove_model(store: ModelStore, repository: str, *, force: bool = False) -> tuple[str, ...]:
    """Remove a model and its lock. Returns the files that stay because no pull wrote them.

    `force` removes those too. Raises NarratedError if there is no such model, or if no pull wrote
    it and `force` is not set.
    """
    with store.exclusive():
        locks = store.locks()
        locked = locks.pop(repository, None)
        match store.model_state(repository, locked):
            case ModelState.ABSENT if not store.has_parts(repository):
                raise NarratedError(
                    f"There is no model {repository} in {store.path}.",
                    "List the models with `narrated models list`.",
                )
            case ModelState.NOT_LOCKED if not force:
                raise NarratedError(
                    f"{store.folder_of(repository)} was not pulled: somebody copied it there.",
                    f"Remove it all the same with: narrated models remove --force {repository}",
                )
        # The lock first: if the removal is interrupted, no lock claims the files that are left.
        store.write_locks(locks)
        for name in locked.files if locked else ():
            store.remove_file(repository, name)
        store.remove_parts(repository)
        if force and store.folder_of(repository).is_dir():
            store.remove_folder(repository)
        return tuple(unlocked_files(store.folder_of(repository), locked)) if locked else ()


def unlocked_files(folder: Path, locked: LockedModel) -> Iterator[str]:
    """Visible files that no pull wrote: a loader may mistake one of them for the model's."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not is_hidden and str(relative) not in locked.files:
            yield str(relative)


def nearest_folder(path: Path) -> Path:
    """The folder, or else its nearest parent that exists."""
    return next(each for each in (path, *path.parents) if each.is_dir())


@contextmanager
def explain_write_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that names the path and the remedy."""
    try:
        yield
    except OSError as error:
        path = error.filename or folder
        if error.errno in _DISK_FULL:
            raise StorageError(
                f"There is no room left for {path}: {error.strerror}.",
                "Free some room, or set another `models: {folder: …}`. Then run the same command "
                "again: it continues where it stopped.",
            ) from error
        raise StorageError(
            f"Cannot write {path}: {error.strerror}.",
            "Run the command as the folder's owner, or with sudo.",
        ) from error


def _damaged(path: Path, why: str) -> StorageError:
    return StorageError(
        f"The lockfile {path} is damaged: {why}.",
        f"Restore it from a backup. Or trust the hub again: delete {path}, and pull each model "
        "with `narrated models pull NAME`.",
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
