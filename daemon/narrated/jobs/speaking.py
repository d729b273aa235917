"""Speaking: has a plan's chunks spoken ahead, and renders their takes in order."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from narrated.errors import StorageError
from narrated.jobs.plan import Plan
from narrated.jobs.render import RenderedNarration, Renderer
from narrated.jobs.synthesis import Synthesis
from narrated.ledger.job import Job
from narrated.ledger.take_cache import DamagedTake, TakeCache
from narrated.printable import printable

WINDOW = 32
"""At most this many chunks of a job are requested ahead of the one being encoded."""
WINDOW_CHARACTERS = 5000
"""At most this much text is requested ahead: about six minutes of speech in the cache."""
BATCH_CHARACTERS = 1200
"""Text that is encoded at once: about a minute of speech, so that jobs take fair turns."""

log = logging.getLogger("narrated")
Value = TypeVar("Value")


@dataclass(slots=True)
class JobProgress:
    """The progress of a job, in characters of text."""

    job: Job
    started: float
    characters: int = 0
    recorded: int = 0
    audio_s: float = 0.0

    @property
    def fraction(self) -> float:
        """The encoded share of the text, from 0 to 1."""
        return self.recorded / self.characters if self.characters else 0.0

    @property
    def left_s(self) -> float | None:
        """The seconds left at the speed so far; None before the first chunk is encoded."""
        if not self.recorded:
            return None
        pace = self.recorded / max(time.monotonic() - self.started, 0.001)
        return (self.characters - self.recorded) / pace


class ChunkSpeaker:
    """Overlaps speech and encoding: requests chunks ahead, and renders those that are spoken."""

    def __init__(
        self, synthesis: Synthesis, cache: TakeCache, work: Path, encoders: Executor
    ) -> None:
        self._synthesis = synthesis
        self._cache = cache
        self._work = work
        self._encoders = encoders

    async def speak(self, job: Job, plan: Plan, progress: JobProgress) -> RenderedNarration:
        """Speak and render a whole plan; a plan that fails leaves no files."""
        renderer = Renderer(self._work / str(job.id), plan, self._cache)
        progress.characters = sum(len(chunk.text) for chunk in plan.draft.chunks)
        requests: deque[asyncio.Task[None]] = deque()
        try:
            while renderer.added < len(plan.draft.chunks):
                await self._render_next(job, plan, renderer, requests, progress)
            return await self._encode(renderer.finish)
        except BaseException:
            _cancel(requests)  # first of all: nobody needs their sound now
            await self._encode(renderer.discard)
            raise
        finally:
            _cancel(requests)
            await asyncio.gather(*requests, return_exceptions=True)

    async def _render_next(
        self,
        job: Job,
        plan: Plan,
        renderer: Renderer,
        requests: deque[asyncio.Task[None]],
        progress: JobProgress,
    ) -> None:
        """Wait for the next chunk, and render it with those after it that are spoken."""
        added = renderer.added
        self._request_ahead(job, plan, added, requests)
        await requests[0]
        count = _spoken_count(requests, plan, added)
        await asyncio.gather(
            self._add(job, plan, renderer, count),
            self._fetch_ahead(plan, added, requests, count),
        )
        for _ in range(count):
            requests.popleft()
        chunks = plan.draft.chunks[added : added + count]
        progress.recorded += sum(len(chunk.text) for chunk in chunks)

    def _request_ahead(
        self, job: Job, plan: Plan, added: int, requests: deque[asyncio.Task[None]]
    ) -> None:
        chunks = plan.draft.chunks
        ahead = sum(len(chunk.text) for chunk in chunks[added : added + len(requests)])
        while (seq := added + len(requests)) < len(chunks):
            ahead += len(chunks[seq].text)
            if requests and (len(requests) >= WINDOW or ahead > WINDOW_CHARACTERS):
                return
            request = asyncio.create_task(self._synthesis.ensure_take(plan, seq, job.id))
            request.add_done_callback(lambda ended: _stop_after_refusal(ended, requests))
            requests.append(request)

    async def _add(self, job: Job, plan: Plan, renderer: Renderer, count: int) -> None:
        first = renderer.added
        for _ in range(count):  # each take may be damaged, once
            try:
                await self._encode(lambda: renderer.add(count))
                return
            except DamagedTake as damaged:
                log.warning(
                    "%s: a take in the cache is damaged and spoken again", printable(job.path)
                )
                self._cache.drop(damaged.key)
                for seq in range(first, first + count):
                    await self._synthesis.ensure_take(plan, seq, job.id)
        await self._encode(lambda: renderer.add(count))

    async def _fetch_ahead(
        self, plan: Plan, added: int, requests: deque[asyncio.Task[None]], count: int
    ) -> None:
        """Read the next takes from the cache while the current ones are encoded."""
        following = list(enumerate(requests, start=added))[count : 2 * count + 1]
        for seq, request in following:
            if _is_spoken(request):
                await self._cache.fetch(plan.keys[seq])

    async def _encode(self, call: Callable[[], Value]) -> Value:
        """Run one step of encoding to its end, even if the job is cancelled."""
        running = asyncio.get_running_loop().run_in_executor(self._encoders, call)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise


def _spoken_count(requests: deque[asyncio.Task[None]], plan: Plan, added: int) -> int:
    """Count the next chunks that are spoken, up to the limit of one encoding step."""
    count = characters = 0
    for request in requests:
        if not _is_spoken(request) or characters > BATCH_CHARACTERS:
            break
        characters += len(plan.draft.chunks[added + count].text)
        count += 1
    return count


def _is_spoken(request: asyncio.Task[None]) -> bool:
    return request.done() and not request.cancelled() and not request.exception()


def _stop_after_refusal(ended: asyncio.Task[None], requests: deque[asyncio.Task[None]]) -> None:
    """If the storage refused a take, the job ends there: cancel the requests after it."""
    if ended in requests and not ended.cancelled() and isinstance(ended.exception(), StorageError):
        _cancel(list(requests)[requests.index(ended) + 1 :])


def _cancel(requests: Iterable[asyncio.Task[None]]) -> None:
    for request in requests:
        request.cancel()
