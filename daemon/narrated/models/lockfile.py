"""The lock: the commit and the hashes that were pulled first, which all that follows is held to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from narrated.engines.neural.checkpoint_files import LOCK_NAME
from narrated.errors import StorageError
from narrated.models.catalogue import is_repository, is_safe


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as it was received."""

    size: int
    sha256: str
    """Of what we wrote, not of what the hub said."""


@dataclass(frozen=True, slots=True)
class LockedModel:
    """A model as it was received."""

    commit: str
    pulled: str
    """When, in UTC."""
    licence: str = ""
    """As its repository names it."""
    files: dict[str, LockedFile] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(file.size for file in self.files.values())


def read(folder: Path) -> dict[str, LockedModel]:
    """What is locked, by repository; nothing where there is no lock yet.

    StorageError where the lock cannot be read, or names what lies outside of the folder.
    """
    path = folder / LOCK_NAME
    try:
        locks = msgspec.json.decode(path.read_bytes(), type=dict[str, LockedModel])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read: {error.strerror}.",
            "Run the command as its owner, or with sudo.",
        ) from error
    except msgspec.MsgspecError as error:
        raise _damaged(path, str(error)) from error
    for repository, locked in locks.items():
        if not is_repository(repository) or not all(map(is_safe, locked.files)):
            raise _damaged(path, f"the entry {repository!r} names files outside of its folder")
    return locks


def encoded(locks: Mapping[str, LockedModel]) -> bytes:
    """The lock's file, readable and in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(dict(sorted(locks.items()))), indent=1) + b"\n"


def _damaged(path: Path, why: str) -> StorageError:
    return StorageError(
        f"The lock {path} is damaged: {why}.",
        "Take it from a backup; or remove it and pull the models anew, which trusts the hub again.",
    )
