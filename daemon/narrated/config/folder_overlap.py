"""Refuses folders that overlap, by their paths alone or by the places to which these lead."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from narrated.config.values import Config
from narrated.errors import ConfigurationError

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder's path, and the device and inode of each folder on it, its own first."""

    path: Path
    identity: _Identity | None = None
    """None if it does not exist, or if nobody looked."""
    around: tuple[_Identity, ...] = ()

    def holds(self, other: "FolderPlace") -> bool:
        """True if the other folder is this one, or lies inside, by whatever name."""
        if other.path.is_relative_to(self.path):
            return True
        return self.identity is not None and self.identity in (other.identity, *other.around)


def folders_of(config: Config) -> dict[str, Path]:
    """List the folders of a configuration by their keys, the inbox first."""
    archive = {} if config.archive is None else {"archive": config.archive}
    return {"inbox": config.inbox, "outbox": config.outbox, **_own_folders(config), **archive}


def place_of(folder: Path) -> FolderPlace:
    """Follow the links on the way to a folder. It waits where a disk on that way hangs."""
    path = Path(os.path.realpath(folder))
    around = [found for parent in path.parents if (found := _identity(parent))]
    return FolderPlace(path, _identity(path), tuple(around))


def refuse_overlap(config: Config, places: Mapping[str, FolderPlace] | None = None) -> None:
    """Compare the folders at these places, or by their paths, which asks no disk.

    Folders whose place is not given are not compared. Errors: ConfigurationError.
    """
    folders = folders_of(config)
    if places is None:
        places = {key: FolderPlace(folder) for key, folder in folders.items()}
    for key, place in places.items():
        inbox = places.get("inbox")
        if inbox and key != "inbox" and (inbox.holds(place) or place.holds(inbox)):
            raise ConfigurationError(
                f"{config.source}: `inbox` ({config.inbox}) and `{key}` ({folders[key]}) overlap.",
                f"Name two separate folders; move `{key}` out.",
            )
    outbox = places.get("outbox")
    for key in _own_folders(config):
        if outbox and key in places and outbox.holds(places[key]):
            raise ConfigurationError(
                f"{config.source}: `{key}` ({folders[key]}) lies inside `outbox`.",
                f"Name another folder for `{key}`: the outbox syncs to other machines.",
            )


def _own_folders(config: Config) -> dict[str, Path]:
    models = {f"models.{key}": getattr(config.models, key) for key in ("folder", "voices")}
    return {"state": config.state, "cache": config.cache, **models}


def _identity(path: Path) -> _Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
