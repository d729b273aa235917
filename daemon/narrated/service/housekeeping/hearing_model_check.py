"""Looks for a hearing model that was pulled or removed while the daemon runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from narrated.service.housekeeping.duty import Duty

_LOOK_S = 10.0


@dataclass(eq=False)
class HearingModelCheck(Duty):
    """Has takes heard as soon as there is a hearing model, without a reload."""

    _follow: Callable[[], Awaitable[None]]

    async def turn(self) -> float | None:
        """Look once. Errors: StorageError."""
        await self._follow()
        return _LOOK_S
