"""Speaks plans: has chunks spoken by workers, and their takes cached and encoded in order."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, count, takewhile
from pathlib import Path

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import AS_PREDICTED, LevelCorrection, SaidText
from narrated.engines.speech_times import SpeechTimes
from narrated.errors import EngineReplaced, StorageError
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.level_estimate import LevelEstimator
from narrated.jobs.narration_chapters import Pictures
from narrated.jobs.narration_encoder import DamagedChunks, NarrationEncoder
from narrated.jobs.narration_tags import TagMaker
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.ledger.engine_rates import EngineRates, rate_identity
from narrated.ledger.job import Job
from narrated.ledger.take_cache import KeptTake, TakeCache
from narrated.printable import printable
from narrated.script.script import Chunk
from narrated.workers.encoder_errors import (
    EncoderCrashed,
    LoudnessMissed,
    NarrationLost,
    crashed_twice,
)
from narrated.workers.encoder_pool import EncoderPool
from narrated.workers.request_matching import EngineAccess, ScheduledRequest
from narrated.workers.speech_brake import SpeechBrake
from narrated.workers.worker import RequestResult

WINDOW = 32
"""At most this many chunks of a job are requested ahead of the one being encoded."""
WINDOW_CHARACTERS = 5000
"""At most this much text is requested ahead: about six minutes of speech in the cache."""
BATCH_CHARACTERS = 400
"""Text that is encoded at once: about half a minute of speech, so that jobs take fair turns."""
MOST_SPOKEN = 2 * BATCH_CHARACTERS
"""Spoken text that may wait for an encoder: the next step, besides the one that is encoded."""
UNKNOWN_CHARACTERS = 2000
"""Of a voice that has hardly spoken on this machine, so much text is awaited before the first step:
its loudness is that of the whole to half an LU."""
UNKNOWN_WAIT_S = 5.0
"""A slow voice is not awaited for longer."""
_TRIES = 2
"""A file fails after so many crashes of an encoder, or so many damages of its takes."""

log = logging.getLogger("narrated")


@dataclass(slots=True)
class JobProgress:
    """The progress of a job, in characters of text."""

    job: Job
    characters: int = 0
    recorded: int = 0
    chunks: int = 0
    """The number of chunks that are encoded."""
    encoding_s: float = 0.0
    unspoken: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Engine and characters of each chunk without a take, by its number."""

    reached: float = 0.0
    """The highest fraction of an earlier encoding of the same takes."""

    earlier_s: float = 0.0
    """The seconds a character that an earlier encoding took; 0 if there was none."""

    def begin(self, characters: int) -> None:
        """Begin to speak and encode so much text."""
        self.characters, self.reached, self.earlier_s = characters, 0.0, 0.0
        self.recorded, self.chunks, self.encoding_s = 0, 0, 0.0

    def begin_again(self) -> None:
        """Begin to encode from the first take again."""
        self.reached = self.fraction
        self.earlier_s = self.encoding_s / self.recorded if self.recorded else self.earlier_s
        self.recorded, self.chunks, self.encoding_s = 0, 0, 0.0

    @property
    def fraction(self) -> float:
        """The encoded share of the text, from 0 to 1; it does not go back."""
        encoded = self.recorded / self.characters if self.characters else 0.0
        return max(self.reached, encoded)

    @property
    def encoding_left_s(self) -> float:
        """The seconds that encoding alone will take, at its speed so far; 0 if it has just begun.

        Its first step waits for a child to start, unless it is encoded again.
        """
        if self.recorded < BATCH_CHARACTERS:
            return (self.characters - self.recorded) * self.earlier_s
        return (self.characters - self.recorded) * self.encoding_s / self.recorded


@dataclass(eq=False)
class NarrationRenderer:
    """Brings a plan's takes into the cache, each spoken once, and encodes those of a job."""

    _cache: TakeCache
    _rates: EngineRates
    _engine_access: EngineAccess
    _work: Path
    _encoders: EncoderPool
    _tags: TagMaker
    _brake: SpeechBrake
    _folders: Iterator[int] = field(default_factory=count)

    async def speak(self, job: Job, plan: Plan, progress: JobProgress) -> EncodedNarration:
        """Speak and encode a whole plan; a plan that fails leaves no files.

        If an encoder crashes, the narration is encoded again from its takes, once. If it crashed on
        another file, that does not count. A narration whose loudness was predicted wrongly is
        encoded again as well, with the gains that its takes turned out to need.
        """
        chunks = plan.draft.chunks
        progress.begin(_count_characters(chunks))
        missing = self._cache.missing(job.id)
        progress.unspoken = {seq: (plan.engine(seq), len(chunks[seq].text)) for seq in missing}
        crashes = 0
        correction = AS_PREDICTED
        while True:
            try:
                return await self._speak(job, plan, progress, correction)
            except LoudnessMissed as missed:
                log.info("%s is encoded again: %s", printable(job.path), _lowered(missed.problem))
                correction = missed.correction
            except NarrationLost:
                log.info("%s is encoded again: its encoder ended", printable(job.path))
            except EncoderCrashed as crash:
                crashes += 1
                if crashes == _TRIES:
                    raise crashed_twice(crash) from crash
            progress.begin_again()

    async def _speak(
        self, job: Job, plan: Plan, progress: JobProgress, correction: LevelCorrection
    ) -> EncodedNarration:
        folder = self._work / f"{job.id}-{next(self._folders)}"  # the earlier may not be gone yet
        level = LevelEstimator(self._rates, self._cache, progress.unspoken, correction)
        encoder = NarrationEncoder(folder, plan, self._cache, self._encoders, job.id, level)
        speech = _JobSpeech(
            self, self._cache, self._tags, self._brake, job, plan, encoder, progress
        )
        return await speech.run()

    async def ensure_take(self, plan: Plan, seq: int, job_id: int) -> None:
        """Have a chunk's chosen take in the cache; the scheduler charges `job_id`."""
        key = plan.keys[seq]
        if await self._cache.has(key):
            return
        try:
            async with self._engine_access.performing(chunk_request(plan, seq, job_id)) as result:
                await self._keep(plan, seq, result, job_id)
        except EngineReplaced as error:
            raise PlanOutdated(error.problem, error.remedy) from error

    async def _keep(self, plan: Plan, seq: int, result: RequestResult, job_id: int) -> None:
        key = plan.keys[seq]
        if await self._cache.has(key):  # another job may have shared the request
            return
        sample_rate = int(result.header["sample_rate"])
        elapsed_s = float(result.header["elapsed_s"])
        chunk = plan.draft.chunks[seq]
        duration_s = len(result.payload) / 2 / sample_rate
        times = SpeechTimes.checked(result.header, len(chunk.text), duration_s)
        speaker = plan.draft.speakers[chunk.speaker]
        identity = str(result.header["identity"])

        def learn(kept: KeptTake) -> None:
            self._rates.learn(
                (speaker.engine, speaker.voice, speaker.options),
                rate_identity(identity, plan.narrator_options.get(speaker.engine, {})),
                len(chunk.text),
                kept.take.duration_s,
                elapsed_s,
                kept.lufs,
            )

        speech = result.payload, sample_rate, elapsed_s, times
        said = SaidText(chunk.text, chunk.language)
        await self._cache.keep(key, *speech, job_id, learn, said)


def chunk_request(plan: Plan, seq: int, job_id: int) -> ScheduledRequest:
    """Build the request for the chosen take of a chunk; the scheduler charges `job_id`."""
    engine = plan.engine(seq)
    return ScheduledRequest(
        key=plan.keys[seq],
        engine=engine,
        job=job_id,
        weight=float(len(plan.draft.chunks[seq].text)),
        header=plan.header(seq),
        identity=plan.identities.get(engine, ""),
    )


@dataclass(eq=False)
class _JobSpeech:
    """One job's speech: chunks are requested ahead while earlier ones are encoded."""

    _speaker: NarrationRenderer
    _cache: TakeCache
    _tags: TagMaker
    _brake: SpeechBrake
    _job: Job
    _plan: Plan
    _encoder: NarrationEncoder
    _progress: JobProgress
    _requests: deque[asyncio.Task[None]] = field(default_factory=deque)
    """Those of the next chunks that are not encoded yet, in order."""
    _engines: Sequence[str] = field(init=False)
    _is_encoding: bool = False

    def __post_init__(self) -> None:
        self._engines = self._plan.engines

    async def run(self) -> EncodedNarration:
        try:
            while self._encoder.added < len(self._plan.draft.chunks):
                await self._encode_next()
            return self._encoder.encoded
        finally:
            # Nothing here waits, so that a second cancellation finds nothing to interrupt.
            _cancel(self._requests)
            self._encoder.discard()

    async def _encode_next(self) -> None:
        """Wait for the next chunk, and encode it with those after it that are spoken."""
        first = self._encoder.added
        self._request_ahead(first)
        await self._await_speech(first)
        count = self._count_spoken(first)
        began_s = time.monotonic()
        await self._add(first, count)
        self._progress.encoding_s += time.monotonic() - began_s
        for _ in range(count):
            self._requests.popleft()
        self._progress.chunks = self._encoder.added
        self._progress.recorded += _count_characters(self._plan.draft.chunks[first : first + count])

    async def _await_speech(self, first: int) -> None:
        """Wait for the next chunk, or for all that are left if one step encodes them.

        So a note, or the last words of a post, cost a single step.
        """
        left = self._plan.draft.chunks[first:]
        await self._requests[0]
        if len(left) == len(self._requests) and _count_characters(left) <= BATCH_CHARACTERS:
            for request in [*self._requests]:
                await request
        elif not first and not self._encoder.knows_voice:
            await self._await_first_words(left)

    async def _await_first_words(self, chunks: Sequence[Chunk]) -> None:
        """Wait for some minutes of an unknown voice, but not long, to learn how loud it is.

        The title alone would tell little, and a narration that misses its level is encoded again.
        """
        totals = accumulate(len(chunk.text) for chunk in chunks)
        ends = [place for place, total in enumerate(totals, 1) if total >= UNKNOWN_CHARACTERS]
        first_words = [*self._requests][: ends[0] if ends else len(chunks)]
        await asyncio.wait(first_words, timeout=UNKNOWN_WAIT_S)

    def _request_ahead(self, first: int) -> None:
        chunks, requests = self._plan.draft.chunks, self._requests
        ahead = _count_characters(chunks[first : first + len(requests)])
        while (seq := first + len(requests)) < len(chunks):
            ahead += len(chunks[seq].text)
            if requests and (len(requests) >= WINDOW or ahead > WINDOW_CHARACTERS):
                return
            requests.append(asyncio.create_task(self._ensure_take(seq)))
            requests[-1].add_done_callback(self._stop_after_refusal)
            requests[-1].add_done_callback(lambda _: self._follow_encoder())

    async def _ensure_take(self, seq: int) -> None:
        await self._speaker.ensure_take(self._plan, seq, self._job.id)
        self._progress.unspoken.pop(seq, None)

    def _count_spoken(self, first: int) -> int:
        """Count the next chunks that are spoken, up to the limit of one encoding step."""
        count = characters = 0
        for request in self._requests:
            if not _is_spoken(request) or characters > BATCH_CHARACTERS:
                break
            characters += len(self._plan.draft.chunks[first + count].text)
            count += 1
        return count

    async def _add(self, first: int, count: int) -> None:
        is_last = first + count == len(self._plan.draft.chunks)
        tags = await self._tags.make(self._job, self._plan) if is_last else None
        pictures = await self._tags.pictures(self._plan) if is_last else {}
        for _ in range(count):  # each take may be damaged, once
            try:
                await self._encode(count, tags, pictures)
                return
            except DamagedChunks as damaged:
                path = printable(self._job.path)
                log.warning("%s: a take in the cache is damaged and spoken again", path)
                await self._speak_again(damaged.seqs)
        try:
            await self._encode(count, tags, pictures)
        except DamagedChunks as damaged:
            raise StorageError(
                "Takes in the cache are damaged as soon as they are written.",
                "Check the disk of the cache.",
            ) from damaged

    async def _encode(self, count: int, tags: AudioTags | None, pictures: Pictures) -> None:
        self._is_encoding = True
        self._follow_encoder()
        try:
            await self._encoder.add(count, tags, pictures)
        finally:
            self._is_encoding = False
            self._follow_encoder()

    def _follow_encoder(self) -> None:
        """Have no more spoken while enough waits for the encoder."""
        if self._is_encoding and self._spoken_characters() > MOST_SPOKEN:
            self._brake.hold(self._job.id, self._engines)
        else:
            self._brake.release(self._job.id)

    def _spoken_characters(self) -> int:
        """Count the text that can be encoded: up to the first chunk that is not spoken."""
        first = self._encoder.added
        count = sum(1 for _ in takewhile(_is_spoken, self._requests))
        return _count_characters(self._plan.draft.chunks[first : first + count])

    async def _speak_again(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            await self._cache.drop(self._plan.keys[seq])
            await self._speaker.ensure_take(self._plan, seq, self._job.id)

    def _stop_after_refusal(self, ended: asyncio.Task[None]) -> None:
        """If the storage refused a take, the job ends there: cancel the requests after it."""
        requests = list(self._requests)
        was_refused = not ended.cancelled() and isinstance(ended.exception(), StorageError)
        if was_refused and ended in requests:
            _cancel(requests[requests.index(ended) + 1 :])


def _lowered(problem: str) -> str:
    """A sentence as the end of another."""
    return problem[:1].lower() + problem[1:].removesuffix(".")


def _count_characters(chunks: Iterable[Chunk]) -> int:
    return sum(len(chunk.text) for chunk in chunks)


def _is_spoken(request: asyncio.Task[None]) -> bool:
    return request.done() and not request.cancelled() and not request.exception()


def _cancel(requests: Iterable[asyncio.Task[None]]) -> None:
    for request in requests:
        request.cancel()
