"""Speaks and encodes one job: its chunks are spoken ahead while earlier ones are encoded."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, takewhile

from narrated.audio.audio_tags import AudioTags
from narrated.errors import StorageError
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.job_progress import STEP_CHARACTERS, JobProgress, count_characters
from narrated.jobs.narration_chapters import Pictures
from narrated.jobs.narration_encoder import DamagedChunks, NarrationEncoder
from narrated.jobs.narration_tags import TagMaker
from narrated.jobs.retakes import CheckedSpeech
from narrated.ledger.job import Job
from narrated.printable import printable
from narrated.script.script import Chunk
from narrated.workers.speech_brake import SpeechBrake

WINDOW = 32
"""At most this many chunks of a job are requested ahead of the one being encoded."""
WINDOW_CHARACTERS = 5000
"""At most this much text is requested ahead: about six minutes of speech in the cache."""
MOST_SPOKEN = 2 * STEP_CHARACTERS
"""Spoken text that may wait for an encoder: the next step, besides the one that is encoded."""
UNKNOWN_CHARACTERS = 2000
"""Of a voice that has hardly spoken on this machine, so much text is awaited before the first step:
its loudness is that of the whole to half an LU."""
UNKNOWN_WAIT_S = 5.0
"""A slow voice is not awaited for longer."""

log = logging.getLogger("narrated")


@dataclass(eq=False)
class JobSpeech:
    """One job's speech: chunks are requested ahead while earlier ones are encoded."""

    _speech: CheckedSpeech
    _tags: TagMaker
    _brake: SpeechBrake
    _job: Job
    _encoder: NarrationEncoder
    _progress: JobProgress
    _requests: deque[asyncio.Task[None]] = field(default_factory=deque)
    """Those of the next chunks that are not encoded yet, in order."""
    _engines: Sequence[str] = field(init=False)
    _chunks: Sequence[Chunk] = field(init=False)
    _is_encoding: bool = False

    def __post_init__(self) -> None:
        self._engines = self._speech.plan.engines
        self._chunks = self._speech.plan.draft.chunks

    async def run(self) -> EncodedNarration:
        try:
            while self._encoder.added < len(self._chunks):
                await self._encode_next()
            speech = self._speech
            takes, verdicts = speech.plan.takes, speech.verdicts
            encoded = replace(self._encoder.encoded, takes=takes, verdicts=verdicts)
            return replace(encoded, new=speech.new)
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
        self._progress.recorded += count_characters(self._chunks[first : first + count])

    async def _await_speech(self, first: int) -> None:
        """Wait for the next chunk, or for all that are left if one step encodes them.

        So a note, or the last words of a post, cost a single step.
        """
        left = self._chunks[first:]
        await self._requests[0]
        if len(left) == len(self._requests) and count_characters(left) <= STEP_CHARACTERS:
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
        chunks, requests = self._chunks, self._requests
        ahead = count_characters(chunks[first : first + len(requests)])
        while (seq := first + len(requests)) < len(chunks):
            ahead += len(chunks[seq].text)
            if requests and (len(requests) >= WINDOW or ahead > WINDOW_CHARACTERS):
                return
            requests.append(asyncio.create_task(self._ensure_take(seq)))
            requests[-1].add_done_callback(self._stop_after_refusal)
            requests[-1].add_done_callback(lambda _: self._follow_encoder())

    async def _ensure_take(self, seq: int) -> None:
        await self._speech.settle(seq)
        self._progress.unspoken.pop(seq, None)

    def _count_spoken(self, first: int) -> int:
        """Count the next chunks that are spoken, up to the limit of one encoding step."""
        count = characters = 0
        for request in self._requests:
            if not _is_spoken(request) or characters > STEP_CHARACTERS:
                break
            characters += len(self._chunks[first + count].text)
            count += 1
        return count

    async def _add(self, first: int, count: int) -> None:
        is_last = first + count == len(self._chunks)
        plan = self._speech.plan
        tags = await self._tags.make(self._job, plan) if is_last else None
        pictures = await self._tags.pictures(plan) if is_last else {}
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
        self._encoder.follow(self._speech.plan)
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
        return count_characters(self._chunks[first : first + count])

    async def _speak_again(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            await self._speech.speak_again(seq)

    def _stop_after_refusal(self, ended: asyncio.Task[None]) -> None:
        """If the storage refused a take, the job ends there: cancel the requests after it."""
        requests = list(self._requests)
        was_refused = not ended.cancelled() and isinstance(ended.exception(), StorageError)
        if was_refused and ended in requests:
            _cancel(requests[requests.index(ended) + 1 :])


def _is_spoken(request: asyncio.Task[None]) -> bool:
    return request.done() and not request.cancelled() and not request.exception()


def _cancel(requests: Iterable[asyncio.Task[None]]) -> None:
    for request in requests:
        request.cancel()
