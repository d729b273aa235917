"""Child processes that write sound: a crash of a C library ends one of them, never the daemon."""

import asyncio
import logging
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import (
    ALL_AT_ONCE,
    AS_SPOKEN,
    AddTakes,
    ChapterAtTake,
    CheckSoundFile,
    DamagedTakes,
    DiscardNarration,
    EncoderRequest,
    EncodingSettings,
    HeardTake,
    JoinTakes,
    LevelCorrection,
    LevelEstimate,
    SoundFileChanged,
    TagAudio,
    TakeToAdd,
    WarmUp,
    WriteTake,
    encode_request,
)
from narrated.disk_threads import DiskThreads
from narrated.engines.speech_times import NO_TIMES, SpeechTimes
from narrated.errors import NarratedError, StorageError
from narrated.workers.child import ChildProcess
from narrated.workers.encoder_errors import (
    EncoderCrashed,
    LoudnessMissed,
    NarrationLost,
    crashed_twice,
    not_started,
)
from narrated.workers.encoder_queue import EncoderQueue, NarrationChild, QueuedRequest, Reply
from narrated.workers.fair_shares import Standing
from narrated.workers.protocol import BadFrame

ANSWER_LIMIT_S = 120.0
"""A child that is silent for longer hangs, however slow its disk."""
LEAST_SPEED = 10
"""Completing or tagging a narration is at least so many times faster than its sound."""
_COMPLETED_AND_TAGGED = 2
CANCEL_LIMIT_S = 1.0
"""A child that still works so long after its request was cancelled is killed."""
STOP_LIMIT_S = 1.0
_EXIT_LIMIT_S = 1.0
_START_LIMIT_S = 60.0
_START_COST = 4
"""A child that is not started counts as one with so many requests."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy's small products gain nothing from more threads, whose waiting costs twice their work."""

logger = logging.getLogger("narrated.worker")


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
            _Encoder(EncoderQueue(standings), time_limit_s, module) for _ in range(count)
        ]
        self._discards: set[asyncio.Task[None]] = set()
        self._drafts: set[Path] = set()
        """Those of takes that are being written, or were when an encoder crashed."""

    async def write_take(
        self,
        path: Path,
        draft: Path,
        pcm: bytes,
        sample_rate: int,
        times: SpeechTimes = NO_TIMES,
        job: int = 0,
    ) -> dict[str, Any]:
        """Write a take by way of a draft; returns `rms_db`, `peak_db`, `lufs` and `size_bytes`.

        An engine's slot stays taken until its take is written, so a take waits for few others.
        Errors: StorageError.
        """
        told = list(times.sentences), list(times.words)
        request = WriteTake(str(path), str(draft), sample_rate, *told)
        self._drafts.add(draft)
        try:
            answer, _ = await self._ask(request, job, pcm)
        except StorageError:  # the encoder has removed it
            self._drafts.discard(draft)
            raise
        self._drafts.discard(draft)
        return answer

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
    ) -> "NarrationWriter":
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


class NarrationWriter:
    """The daemon's end of a narration that a child writes."""

    def __init__(
        self,
        encoder: "_Encoder",
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


class _Encoder:
    """One child at a time, and the requests that wait for it.

    A task of its own exchanges frames with the child. A caller only waits for its reply, so that
    no cancellation, however often it comes, leaves a request half done.
    """

    def __init__(self, queue: EncoderQueue, time_limit_s: float, module: str) -> None:
        self._queue = queue
        self._time_limit_s = time_limit_s
        self._module = module
        self._in_flight: QueuedRequest | None = None
        self._child: ChildProcess | None = None
        self._serving: asyncio.Task[None] | None = None
        self.child_number = 0
        self.narrations = 0
        """The narrations that are being written here."""

    @property
    def pending(self) -> int:
        """The number of requests that wait or are in flight."""
        return len(self._queue) + (self._in_flight is not None)

    def load(self, job: int) -> int:
        """A measure of the wait for a request of a moment, such as a take of this job."""
        before = self._queue.count_before(job) + (self._in_flight is not None)
        return before + (_START_COST if self._child is None else 0)

    def warm_up(self) -> None:
        """Have a child started, if there is none."""
        if self._child is None and not self.pending:
            self.put(QueuedRequest(WarmUp()))

    async def ask(self, request: QueuedRequest) -> Reply:
        """Wait for the answer. Errors: those that the answer tells."""
        answer, payload = await self.put(request)
        if places := answer.get("damaged"):
            raise DamagedTakes(places)
        if changed := answer.get("changed_file"):
            raise SoundFileChanged(*changed)
        if failed := answer.get("failed"):
            kind = StorageError if failed["is_storage"] else NarratedError
            raise kind(failed["problem"], failed["remedy"])
        return answer, payload

    def put(self, request: QueuedRequest) -> asyncio.Future[Reply]:
        """Queue a request; returns the future of its reply."""
        self._queue.put(request)
        request.reply.add_done_callback(lambda reply: self._check_cancelled(request))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return request.reply

    async def stop(self) -> None:
        """Kill the child; whoever waits for a reply is cancelled."""
        if self._child is not None:
            self._child.kill()
        self._queue.cancel()
        if self._in_flight is not None:
            self._in_flight.reply.cancel()
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving], timeout=STOP_LIMIT_S)
        await self._end_child()

    async def _serve(self) -> None:
        while (request := self._queue.pop()) is not None:
            self._in_flight = request
            began_s = time.monotonic()
            try:
                await self._answer(request)
            finally:
                self._in_flight = None
            self._queue.charge(request, time.monotonic() - began_s)
            await asyncio.sleep(0)  # the job that got the answer asks again before others go on

    async def _answer(self, request: QueuedRequest) -> None:
        try:
            await self._start_child()
            if request.reply.done():
                return  # cancelled meanwhile: its folder may be gone already
            if self._is_lost(request.narration):
                request.fail(NarrationLost("The encoder that wrote this narration has ended."))
            else:
                await self._exchange(request)
        except OSError as error:
            request.fail(not_started(f"{error.strerror or error}."))
        except StorageError as error:
            request.fail(error)

    def _is_lost(self, narration: NarrationChild | None) -> bool:
        """True if an earlier child wrote it; its first takes tie it to the present one."""
        if narration is not None and not narration.number:
            narration.number = self.child_number
        return narration is not None and narration.number != self.child_number

    async def _exchange(self, request: QueuedRequest) -> None:
        assert self._child is not None
        how, patience_s = "", 0.0
        limit_s = self._time_limit_s + request.extra_s
        try:
            async with asyncio.timeout(limit_s):
                self._child.send(*encode_request(request.request, request.blob))
                if (reply := await self._child.receive()) is not None:
                    request.answer(reply)
                    return
                patience_s = _EXIT_LIMIT_S
        except TimeoutError:
            how = f"it did not answer for {limit_s:g} s and "
        except BadFrame as error:
            how = f"{error.problem.removesuffix('.')} It "
        how += await self._end_child(patience_s)
        logger.warning("The encoder crashed: %s.", how)
        request.fail(EncoderCrashed(f"{how}."))

    async def _start_child(self) -> None:
        if self._child is not None and not self._child.is_alive:
            await self._end_child()
        if self._child is None:
            self._child = child = await ChildProcess.start(
                "encoder", self._module, environ=_ONE_THREAD
            )
            self.child_number += 1
            if not await _answers(child):  # that is no fault of the file that waits for it
                how = await self._end_child(_EXIT_LIMIT_S)
                raise not_started(" ".join([f"{how}.", *child.last_lines[-1:]]))

    async def _end_child(self, patience_s: float = 0.0) -> str:
        """Kill the child if it does not exit in time; returns its end in words."""
        child, self._child = self._child, None
        if child is None:
            return "it was stopped"
        try:
            async with asyncio.timeout(patience_s + STOP_LIMIT_S):
                return f"it {await child.ended(patience_s)}"
        except TimeoutError:  # its disk hangs, and the kernel with it
            return "it hangs in the kernel"

    def _check_cancelled(self, request: QueuedRequest) -> None:
        if request.reply.cancelled() and request is self._in_flight:
            asyncio.get_running_loop().call_later(CANCEL_LIMIT_S, self._kill_if_at, request)

    def _kill_if_at(self, request: QueuedRequest) -> None:
        if request is self._in_flight and self._child is not None:
            self._child.kill()


def _unlink(drafts: Iterable[Path]) -> None:
    for draft in drafts:
        with suppress(OSError):
            draft.unlink()


async def _answers(child: ChildProcess) -> bool:
    """True once a new child has loaded its libraries."""
    with suppress(TimeoutError, BadFrame):
        async with asyncio.timeout(_START_LIMIT_S):
            child.send(*encode_request(WarmUp()))
            return await child.receive() is not None
    return False
