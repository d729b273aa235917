"""Looks at the sound files of the configuration, at the start and again and again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from narrated.jobs.plan import OutputSettings
from narrated.jobs.sound_file_digests import SoundFileDigests
from narrated.service.housekeeping.duty import Duty

_LOOK_S = 30.0
_PATIENCE_S = 5.0


@dataclass(eq=False)
class SoundFileCheck(Duty):
    """Tells of an intro or outro that cannot be used, before a post waits for it."""

    _sound_files: SoundFileDigests
    _output: Callable[[], OutputSettings]
    _looking: asyncio.Task[dict[str, str]] | None = None
    retry_s = _PATIENCE_S

    async def turn(self) -> float | None:
        """Look at each file; it is decoded only if it is another. Errors: StorageError.

        Encoders at work serve posts first, so that a look may take several turns.
        """
        files = self._output().sounds
        if self._looking is None:
            self._looking = asyncio.create_task(self._sound_files.of(files))
        done, _ = await asyncio.wait({self._looking}, timeout=_PATIENCE_S)
        if not done:
            return None
        looking, self._looking = self._looking, None
        looking.result()
        return _LOOK_S
