"""Refuses folders that overlap by a link or a mount, as soon as their disks tell it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from narrated.config.folder_overlap import FolderPlace, folders_of, place_of, refuse_overlap
from narrated.config.values import Config
from narrated.disk_threads import DiskThreads
from narrated.errors import StorageError
from narrated.service.housekeeping.duty import Duty

LOOK_S = 5.0
"""Patience at a start or a reload for the folders' disks; one that hangs is looked at later."""


class FolderOverlaps(Duty):
    """Looks where the folders of the configuration lie, each in a thread of its own.

    A disk that hangs holds up no start and no reload: it is asked again until it answers.
    """

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._disks: dict[str, DiskThreads] = {}
        self._is_known = True

    async def turn(self) -> None:
        """Look again, if a disk did not answer. Errors: ConfigurationError, which ends the daemon.

        No folder of a disk that hangs was read or written meanwhile.
        """
        if not self._is_known:
            await self.look(self._config())

    async def look(self, config: Config) -> None:
        """Compare the folders whose disks answer. Errors: ConfigurationError if two overlap."""
        folders = folders_of(config)
        found = await asyncio.gather(*map(self._place, folders, folders.values()))
        places = {key: place for key, place in zip(folders, found, strict=True) if place}
        self._is_known = len(places) == len(folders)
        refuse_overlap(config, places)

    async def _place(self, key: str, folder: Path) -> FolderPlace | None:
        """The place of a folder; None if its disk does not answer."""
        place = f"the {key} {folder}"
        disk = self._disks.setdefault(place, DiskThreads(place, 1))
        with suppress(StorageError):
            found = await disk.run(place_of, folder, patience_s=LOOK_S)
            self._disks.pop(place, disk).close()
            return found
        return None
