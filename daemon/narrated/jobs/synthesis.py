"""Synthesis: has chunks spoken by a worker, and keeps their takes in the cache."""

import asyncio

from narrated.audio.pcm import silence, trim
from narrated.errors import EngineError, EngineUnavailable
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.ledger.take_cache import TakeCache
from narrated.script.script import Role
from narrated.workers.pool import RequestResult
from narrated.workers.schedule import Request, Scheduler


class Synthesis:
    """Brings takes into the cache, each spoken once."""

    def __init__(self, cache: TakeCache, scheduler: Scheduler) -> None:
        self._cache = cache
        self._scheduler = scheduler

    async def ensure_take(self, plan: Plan, seq: int, flow: int) -> None:
        """Have a chunk's chosen take in the cache; `flow` is the job that the scheduler charges."""
        key = plan.keys[seq]
        if self._cache.has(key):
            return
        await self._check_plan(plan, seq)
        request = Request(
            key=key,
            engine=plan.engine(seq),
            job=flow,
            weight=float(len(plan.draft.chunks[seq].text)),
            header=plan.header(seq),
        )
        try:
            async with self._scheduler.performing(request) as result:
                await self._check_plan(plan, seq)  # the engine may have been replaced meanwhile
                await self._keep(key, result)
        except EngineUnavailable:
            await self._check_plan(plan, seq)  # a changed voice is the better explanation
            raise

    async def say(self, plan: Plan) -> tuple[bytes, int]:
        """Speak a whole plan except its title; 16-bit mono PCM and its sample rate.

        A text that is no file has no name, so its title would be made up.
        """
        chunks = plan.draft.chunks
        wanted = [seq for seq, chunk in enumerate(chunks) if chunk.role is not Role.TITLE]
        await asyncio.gather(*(self.ensure_take(plan, seq, 0) for seq in wanted))
        parts: list[bytes] = []
        sample_rate = 0
        for seq in wanted:
            pcm, rate = self._cache.read(plan.keys[seq])
            sample_rate = sample_rate or rate
            if rate != sample_rate:
                raise EngineError(
                    "Two voices of different sample rates cannot be said in one go.",
                    "Drop the text into the inbox instead.",
                )
            parts += [trim(pcm, rate), silence(chunks[seq].pause_s, rate)]
        return b"".join(parts), sample_rate

    async def _keep(self, key: str, result: RequestResult) -> None:
        if not self._cache.has(key):  # another job may have shared the request
            sample_rate = int(result.header["sample_rate"])
            elapsed_s = float(result.header["elapsed_s"])
            await self._cache.keep(key, result.payload, sample_rate, elapsed_s)

    async def _check_plan(self, plan: Plan, seq: int) -> None:
        """Raise PlanOutdated if the engine or the voice is not the one that the plan names."""
        engine = await self._scheduler.engine(plan.engine(seq))
        if plan.identities.get(engine.name, engine.identity) != engine.identity:
            raise PlanOutdated(f"The engine `{engine.name}` was replaced.", "Try again.")
        name = plan.draft.chunks[seq].speaker
        voice = plan.draft.speakers[name].voice
        listed = engine.voices.get(voice, "")
        if plan.voices.get(name, listed) != listed:
            raise PlanOutdated(f"The voice '{voice}' was changed.", "Try again.")
