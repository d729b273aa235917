"""Chunks become sound: from the cache where they were spoken before, else by a worker."""

import asyncio

from narrated.audio.pcm import silence, trim
from narrated.errors import EngineError, EngineUnavailable
from narrated.jobs.planner import Plan, PlanOutdated
from narrated.ledger.take_cache import TakeCache
from narrated.script.script import Role
from narrated.workers.pool import RequestResult
from narrated.workers.schedule import Request, Scheduler


class Synthesis:
    """Has takes spoken and kept."""

    def __init__(self, cache: TakeCache, scheduler: Scheduler) -> None:
        self._cache = cache
        self._scheduler = scheduler

    async def spoken(self, manuscript: Plan, seq: int, flow: int) -> None:
        """See that a chunk's chosen take is in the cache; `flow` is whose turn it takes."""
        key = manuscript.keys[seq]
        if self._cache.has(key):
            return
        await self._insist(manuscript, seq)
        order = Request(
            key=key,
            engine=manuscript.engine(seq),
            job=flow,
            weight=float(len(manuscript.plan.chunks[seq].text)),
            header=manuscript.header(seq),
        )
        try:
            async with self._scheduler.performing(order) as result:
                await self._insist(manuscript, seq)  # the engine may have been replaced meanwhile
                await self._keep(key, result)
        except EngineUnavailable:
            await self._insist(manuscript, seq)  # the worker tells of a changed voice before
            raise

    async def _keep(self, key: str, result: RequestResult) -> None:
        if not self._cache.has(key):  # another job may have shared the work
            sample_rate = int(result.header["sample_rate"])
            elapsed_s = float(result.header["elapsed_s"])
            await self._cache.keep(key, result.payload, sample_rate, elapsed_s)

    async def _insist(self, manuscript: Plan, seq: int) -> None:
        """See that engine and voice are those it was written for; else PlanOutdated."""
        info = await self._scheduler.engine(manuscript.engine(seq))
        if manuscript.identities.get(info.name, info.identity) != info.identity:
            raise PlanOutdated(f"The engine `{info.name}` was replaced.", "Try again.")
        name = manuscript.plan.chunks[seq].speaker
        voice = manuscript.plan.speakers[name].voice
        listed = info.voices.get(voice, "")
        if manuscript.voices.get(name, listed) != listed:
            raise PlanOutdated(f"The voice '{voice}' was changed.", "Try again.")

    async def say(self, manuscript: Plan) -> tuple[bytes, int]:
        """All of a manuscript but its title at once: 16-bit mono PCM and its sample rate.

        What is said without a file has no name, so a title could only be of our making.
        """
        wanted = [
            seq for seq, chunk in enumerate(manuscript.plan.chunks) if chunk.role is not Role.TITLE
        ]
        await asyncio.gather(*(self.spoken(manuscript, seq, 0) for seq in wanted))
        pieces: list[bytes] = []
        rate = 0
        for chunk, key in ((manuscript.plan.chunks[seq], manuscript.keys[seq]) for seq in wanted):
            pcm, sample_rate = self._cache.read(key)
            rate = rate or sample_rate
            if sample_rate != rate:
                raise EngineError(
                    "Two voices of different sample rates cannot be said in one go.",
                    "Drop the text into the inbox instead.",
                )
            pieces += [trim(pcm, rate), silence(chunk.pause_s, rate)]
        return b"".join(pieces), rate
