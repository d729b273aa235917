"""The lockfile `lock.json`: the commit and the file hashes of each model that was pulled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from narrated.engines.neural.checkpoint_files import LOCK_NAME
from narrated.errors import StorageError
from narrated.models.catalogue import is_repository, is_safe_path


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


def read(folder: Path) -> dict[str, LockedModel]:
    """Read the locked models, by repository; empty if there is no lockfile yet.

    Raises StorageError if the lockfile cannot be read, or names files outside of the folder.
    """
    path = folder / LOCK_NAME
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


def encode(locks: Mapping[str, LockedModel]) -> bytes:
    """Encode the lockfile: readable, and sorted by repository."""
    return msgspec.json.format(msgspec.json.encode(dict(sorted(locks.items()))), indent=1) + b"\n"


def _damaged(path: Path, why: str) -> StorageError:
    return StorageError(
        f"The lockfile {path} is damaged: {why}.",
        f"Restore it from a backup. Or trust the hub again: delete {path}, and pull each model "
        "with `narrated models pull NAME`.",
    )
