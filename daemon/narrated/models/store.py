"""The folder of the models: what stands in it, and every change to it."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from narrated.atomic_write import atomic_write
from narrated.engines.neural.checkpoint_files import LOCK_NAME
from narrated.errors import NarratedError, StorageError
from narrated.models import lockfile
from narrated.models.catalogue import layout_of
from narrated.models.lockfile import LockedModel

PARTS = ".pulling"
"""What is not whole yet, apart from the models: no loader looks there."""

_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ModelStore:
    """The models' folder; what root writes into it belongs to whom the folder belongs to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def place(self, repository: str) -> Path:
        """Where a model's files stand under their own names."""
        return self.path / repository

    def part(self, repository: str, name: str, content: str) -> Path:
        """Where a file grows: by its content too, so that it counts for any commit with it."""
        name, content = quote(name, safe="")[-150:], quote(content, safe="")[:64]
        return self.path / PARTS / repository / f"{name}.{content}"

    def locks(self) -> dict[str, LockedModel]:
        """What is locked, by repository."""
        return lockfile.read(self.path)

    def repositories(self) -> list[str]:
        """Every folder that looks like a model's, locked or not."""
        folders = self.path.glob("[!.]*/[!.]*/")
        names = (str(folder.relative_to(self.path)) for folder in folders)
        return sorted(name for name in names if self.holds(name))

    def holds(self, repository: str) -> bool:
        """Whether its folder looks like a model's, whoever put it there."""
        with suppress(OSError):
            files = [file.name for file in self.place(repository).iterdir() if file.is_file()]
            return layout_of(files) is not None
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other command from changing models meanwhile; readers need not care."""
        with writing(self.path):
            self._make(self.path / PARTS)
            held = os.open(self.path / PARTS / "lock", os.O_RDWR | os.O_CREAT, _FILE_MODE)
        try:
            with writing(self.path):
                self._own(held)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NarratedError(
                    f"Another `narrated models` is changing {self.path}.",
                    "Wait until it has ended.",
                ) from None
            yield
        finally:
            os.close(held)

    def grow(self, part: Path) -> BinaryIO:
        """A part, open to be written on; unbuffered, so that a kill loses nothing."""
        self._make(part.parent)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _FILE_MODE)
        return os.fdopen(descriptor, "r+b", buffering=0)

    def publish(self, part: Path, repository: str, name: str) -> None:
        """Give a whole file its name, in place of what had it before."""
        target = self.place(repository) / name
        self._make(target.parent)
        with part.open("rb") as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            self._own(file.fileno())
            os.fsync(file.fileno())
        part.replace(target)

    def write_locks(self, locks: Mapping[str, LockedModel]) -> None:
        """Put the lock in place of the one before, whole or not at all."""
        draft = self.path / PARTS / LOCK_NAME
        with writing(self.path):
            with atomic_write(self.path / LOCK_NAME, draft), self.grow(draft) as file:
                file.truncate()
                file.write(lockfile.encoded(locks))
                os.fchmod(file.fileno(), _FILE_MODE)
                self._own(file.fileno())
                os.fsync(file.fileno())
            _sync(self.path)

    def discard(self, repository: str, name: str) -> None:
        """Remove a file of a model, and the folders that this leaves empty."""
        with writing(self.path):
            (self.place(repository) / name).unlink(missing_ok=True)
            self._prune((self.place(repository) / name).parent)

    def clear(self, repository: str) -> None:
        """Remove every part of a model."""
        folder = self.path / PARTS / repository
        with writing(self.path):
            for part in folder.glob("*"):
                part.unlink()
            self._prune(folder)

    def has_parts(self, repository: str) -> bool:
        """Whether a pull of this model was begun, and not ended."""
        return any((self.path / PARTS / repository).glob("*"))

    def empty(self, repository: str) -> None:
        """Remove a model's folder with all that is in it, whoever put it there."""
        with writing(self.path):
            shutil.rmtree(self.place(repository))
            self._prune(self.place(repository))

    def _prune(self, folder: Path) -> None:
        while folder not in (self.path, self.path / PARTS):
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return  # something else stands in it
            folder = folder.parent

    def _make(self, folder: Path) -> None:
        """Make a folder that the daemon can enter, whatever the umask of who pulls."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(_FOLDER_MODE)
            self._own(folder)

    def _own(self, made: int | Path) -> None:
        """Hand what root has made to the owner of the folder it is in, or is to be in."""
        if os.geteuid() != 0:
            return
        nearest = next(each for each in (self.path, *self.path.parents) if each.is_dir())
        owner = (nearest if nearest != made else nearest.parent).stat()
        os.chown(made, owner.st_uid, owner.st_gid)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell of a folder that cannot be written as a person needs it; raises StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"There is no room left for {error.filename or folder}: {error.strerror}.",
                "Free some, or name another `models: {folder: …}`; the same command goes on "
                "where it stopped.",
            ) from error
        raise StorageError(
            f"{error.filename or folder} cannot be written: {error.strerror}.",
            "Run the command as the folder's owner, or with sudo.",
        ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
