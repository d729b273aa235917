"""Child processes that write sound: a crash of a C library ends one of them, never the daemon."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import (
    AS_SPOKEN,
    NO_TEXT,
    CheckSoundFile,
    EncoderRequest,
    EncodingSettings,
    JoinTakes,
    MeasureTake,
    SaidText,
    TagAudio,
    TakeToAdd,
    WriteTake,
)
from narrated.audio.take_measures import TakeMeasures
from narrated.disk_threads import DiskThreads
from narrated.engines.speech_times import NO_TIMES, SpeechTimes
from narrated.errors import EngineError, StorageError
from narrated.workers.encoder import STOP_LIMIT_S, Encoder
from narrated.workers.encoder_errors import (
    EncoderCrashed,
    crashed_twice,
)
from narrated.workers.encoder_queue import EncoderQueue, QueuedRequest, Reply
from narrated.workers.fair_shares import Standing
from narrated.workers.narration_writer import LEAST_SPEED, NarrationWriter

ANSWER_LIMIT_S = 120.0
"""A child that is silent for longer hangs, however slow its disk."""


class EncoderPool:
    """Sends requests to children that run `module`; each is started when first needed."""

    def __init__(
        self,
        count: int = 1,
        standings: Mapping[int, Standing] = MappingProxyType({}),
        time_limit_s: float = ANSWER_LIMIT_S,
        module: str = "narrated.encoder_process",
        *,
        cache_disk: DiskThreads,
        state_disk: DiskThreads,
    ) -> None:
        """`standings`: those of the running jobs, by their ids; the first is served first.

        The disks are those of the takes, and of the narrations that are being written.
        """
        self._cache_disk, self._state_disk = cache_disk, state_disk
        self._encoders = [
            Encoder(EncoderQueue(standings), time_limit_s, module) for _ in range(count)
        ]
        self._discards: set[asyncio.Task[None]] = set()
        self._drafts: set[Path] = set()
        """Those of takes that are being written, or were when an encoder crashed."""

    async def write_take(
        self,
        path: Path,
        draft: Path,
        sound: bytes,
        sample_rate: int,
        times: SpeechTimes = NO_TIMES,
        job: int = 0,
        said: SaidText = NO_TEXT,
        *,
        is_flac: bool = False,
    ) -> dict[str, Any]:
        """Write a take by way of a draft; its sound is PCM, or FLAC that a box encoded.

        Returns `rms_db`, `peak_db`, `lufs`, `size_bytes`, `duration_s`, and the TakeMeasures as
        `measures`.

        An engine's slot stays taken until its take is written, so a take waits for few others.
        Errors: StorageError; EngineError if the FLAC is damaged.
        """
        told = list(times.sentences), list(times.words), said
        request = WriteTake(str(path), str(draft), sample_rate, *told, is_flac)
        self._drafts.add(draft)
        try:
            answer, _ = await self._ask(request, job, sound)
        except StorageError:  # the encoder has removed it
            self._drafts.discard(draft)
            raise
        self._drafts.discard(draft)
        if "unsound" in answer:
            raise EngineError("A box sent damaged sound.", "Try again with `narrated retry FILE`.")
        return answer | {"measures": _measures(answer)}

    async def measure_take(
        self, path: Path, job: int = 0, said: SaidText = NO_TEXT
    ) -> TakeMeasures:
        """Measure a take by its file, and its text. Errors: DamagedTakes, StorageError."""
        answer, _ = await self._ask(MeasureTake(str(path), said), job)
        return _measures(answer)

    async def tag(
        self, path: Path, format: str, tags: AudioTags, duration_s: float, job: int = 0
    ) -> None:
        """Write tags into a finished audio file. Errors: StorageError."""
        await self._ask(TagAudio(str(path), format, tags), job, extra_s=duration_s / LEAST_SPEED)

    async def check_sound_file(self, path: str, key: str) -> str:
        """Decode a sound file that the configuration names; returns its sha256.

        Errors: StorageError names the key, the file and the problem.
        """
        answer, _ = await self._ask(CheckSoundFile(path, key))
        return str(answer["sha256"])

    async def join(self, takes: list[TakeToAdd]) -> tuple[bytes, int]:
        """Join takes and their pauses; returns PCM and its sample rate.

        Errors: DamagedTakes, StorageError.
        """
        answer, pcm = await self._ask(JoinTakes(takes))
        return pcm, int(answer["sample_rate"])

    def narration(
        self,
        folder: Path,
        format: str,
        bitrate: int | None,
        job: int = 0,
        settings: EncodingSettings = AS_SPOKEN,
    ) -> NarrationWriter:
        """Begin a job's narration in a folder of its own; its child warms up meanwhile."""
        encoder = min(self._encoders, key=lambda each: (each.narrations, each.pending))
        encoder.warm_up()
        disk = self._state_disk
        kind = (folder, format, bitrate, settings)
        return NarrationWriter(encoder, self._discards, disk, job, *kind)

    async def stop(self, patience_s: float = STOP_LIMIT_S) -> None:
        """Kill all children, and remove what they were writing, unless its disk hangs."""
        await asyncio.gather(*(encoder.stop() for encoder in self._encoders))
        removing = asyncio.create_task(self._remove_drafts(patience_s))
        await asyncio.wait({removing, *self._discards}, timeout=patience_s)

    async def _remove_drafts(self, patience_s: float) -> None:
        with suppress(StorageError):  # the next start does it
            await self._cache_disk.run(_unlink, self._drafts, patience_s=patience_s)

    async def _ask(
        self,
        request: EncoderRequest,
        job: int = 0,
        blob: bytes = b"",
        *,
        extra_s: float = 0.0,
    ) -> Reply:
        """Ask the least busy child; if it crashes, ask once more."""
        for is_last in (False, True):
            encoder = min(self._encoders, key=lambda each: each.load(job))
            try:
                return await encoder.ask(QueuedRequest(request, job, blob, extra_s))
            except EncoderCrashed as crash:
                if is_last:
                    raise crashed_twice(crash) from crash
        raise AssertionError("unreachable")


def _measures(answer: dict[str, Any]) -> TakeMeasures:
    return msgspec.convert(answer.get("measures", {}), TakeMeasures)


def _unlink(drafts: Iterable[Path]) -> None:
    for draft in drafts:
        with suppress(OSError):
            draft.unlink()
