"""Has galleries narrated again once their folders are quiet."""

from collections.abc import Callable
from dataclasses import dataclass

from narrated.config.values import Config
from narrated.jobs.gallery_updates import QUIET_SETTLES, GalleryUpdates
from narrated.service.housekeeping.duty import Duty


@dataclass(eq=False)
class DueGalleries(Duty):
    """Asks each second; a change of a folder in between puts its gallery off."""

    _config: Callable[[], Config]
    _galleries: GalleryUpdates

    async def turn(self) -> None:
        """Create the jobs of those that are due. Errors: StorageError."""
        await self._galleries.take_up(QUIET_SETTLES * float(self._config().settle))
        await self._galleries.withdraw_narrated_alone()
