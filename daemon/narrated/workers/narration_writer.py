"""The daemon's end of a narration that an encoder writes."""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import (
    ALL_AT_ONCE,
    AddTakes,
    ChapterAtTake,
    DiscardNarration,
    EncoderRequest,
    EncodingSettings,
    HeardTake,
    LevelCorrection,
    LevelEstimate,
    TakeToAdd,
)
from narrated.disk_threads import DiskThreads
from narrated.errors import StorageError
from narrated.workers.encoder import Encoder
from narrated.workers.encoder_errors import LoudnessMissed
from narrated.workers.encoder_queue import NarrationChild, QueuedRequest, Reply

LEAST_SPEED = 10
"""Completing or tagging a narration is at least so many times faster than its sound."""
_COMPLETED_AND_TAGGED = 2


class NarrationWriter:
    """Sends the takes of one narration to its encoder, in order."""

    def __init__(
        self,
        encoder: Encoder,
        discards: set[asyncio.Task[None]],
        disk: DiskThreads,
        job: int,
        folder: Path,
        format: str,
        bitrate: int | None,
        settings: EncodingSettings,
    ) -> None:
        self._encoder = encoder
        self._discards = discards
        self._disk = disk
        self._job = job
        self._folder, self._format, self._bitrate = folder, format, bitrate
        self._settings = settings
        self._end_s = 0.0
        self.duration_s = 0.0
        """That of the files, once they are complete."""
        self._is_open = True
        self._child = NarrationChild()
        encoder.narrations += 1

    async def add(
        self,
        takes: list[TakeToAdd],
        tags: AudioTags | None = None,
        chapters: Sequence[ChapterAtTake] = (),
        level: LevelEstimate = ALL_AT_ONCE,
    ) -> list[HeardTake]:
        """Append takes; returns when each is heard.

        `tags` and `chapters` complete the files, whose duration is `duration_s` then. `level`
        comes with the first takes. Errors: EncoderCrashed, NarrationLost and LoudnessMissed, and
        nothing of the narration is left; DamagedTakes and SoundFileChanged, before any take is
        added; StorageError.
        """
        narration = (str(self._folder), self._format, self._bitrate)
        request = AddTakes(*narration, takes, tags, list(chapters), self._settings, level)
        extra_s = _COMPLETED_AND_TAGGED * self._end_s / LEAST_SPEED if tags else 0.0
        answer, _ = await self._ask(request, extra_s)
        heard = msgspec.convert(answer["heard"], list[HeardTake])
        self._end_s = heard[-1].end_s if heard else self._end_s
        if tags:
            self._leave()
            if missed := answer.get("missed"):
                correction = msgspec.convert(answer["correction"], LevelCorrection)
                raise LoudnessMissed(missed[0], missed[1], correction)
            self.duration_s = float(answer["duration_s"])
        return heard

    def discard(self) -> None:
        """Have everything removed soon, without waiting for it."""
        if self._is_open:
            self._leave()
            discarding = asyncio.create_task(self._discard())
            self._discards.add(discarding)
            discarding.add_done_callback(self._discards.discard)

    async def _ask(self, request: EncoderRequest, extra_s: float = 0.0) -> Reply:
        queued = QueuedRequest(request, self._job, extra_s=extra_s, narration=self._child)
        return await self._encoder.ask(queued)

    def _leave(self) -> None:
        self._is_open = False
        self._encoder.narrations -= 1

    async def _discard(self) -> None:
        if self._child.number and self._child.number == self._encoder.child_number:
            request = DiscardNarration(str(self._folder))
            queued = QueuedRequest(request, is_urgent=True, narration=self._child)
            await asyncio.wait([self._encoder.put(queued)])
        with suppress(StorageError):  # its disk hangs: the next start removes it
            await self._disk.run(partial(shutil.rmtree, self._folder, ignore_errors=True))
