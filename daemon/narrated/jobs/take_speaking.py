"""Speaks chunks: has a worker speak the take that a plan names, and keeps it in the cache."""

from dataclasses import dataclass

from narrated.audio.encoder_requests import SaidText
from narrated.engines.generation_end import GenerationEnd
from narrated.engines.speech_times import SpeechTimes
from narrated.errors import EngineReplaced
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.jobs.take_checking import TakeChecker
from narrated.ledger.engine_rates import EngineRates, rate_identity
from narrated.ledger.take_cache import KeptTake, TakeCache
from narrated.workers.request_matching import EngineAccess, ScheduledRequest
from narrated.workers.worker import RequestResult


@dataclass(eq=False)
class TakeSpeaker:
    """Brings takes into the cache, each spoken once."""

    _cache: TakeCache
    _rates: EngineRates
    _engines: EngineAccess
    _checker: TakeChecker

    async def ensure_take(self, plan: Plan, seq: int, job_id: int) -> None:
        """Have a chunk's chosen take in the cache; the scheduler charges `job_id`."""
        key = plan.keys[seq]
        if await self._cache.has(key):
            return
        try:
            async with self._engines.performing(chunk_request(plan, seq, job_id)) as result:
                await self._keep(plan, seq, result, job_id)
        except EngineReplaced as error:
            raise PlanOutdated(error.problem, error.remedy) from error

    async def speak_again(self, plan: Plan, seq: int, job_id: int) -> None:
        """Replace a chunk's take in the cache, which is damaged, by the same take."""
        await self._cache.drop(plan.keys[seq])
        await self.ensure_take(plan, seq, job_id)

    async def _keep(self, plan: Plan, seq: int, result: RequestResult, job_id: int) -> None:
        key = plan.keys[seq]
        if await self._cache.has(key):  # another job may have shared the request
            return
        sample_rate = int(result.header["sample_rate"])
        elapsed_s = float(result.header["elapsed_s"])
        chunk = plan.draft.chunks[seq]
        times = SpeechTimes.checked(result.header, len(chunk.text), result.duration_s)
        end = GenerationEnd.checked(result.header)
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
            self._checker.learn(plan, seq, kept, end)

        speech = result.payload, sample_rate, elapsed_s, times
        said = SaidText(chunk.text, chunk.language)
        await self._cache.keep(key, *speech, job_id, learn, said, is_flac=result.is_flac)


def chunk_request(plan: Plan, seq: int, job_id: int) -> ScheduledRequest:
    """Build the request for the chosen take of a chunk; the scheduler charges `job_id`.

    A box answers with FLAC, as the cache keeps it.
    """
    engine = plan.engine(seq)
    return ScheduledRequest(
        key=plan.keys[seq],
        engine=engine,
        job=job_id,
        weight=float(len(plan.draft.chunks[seq].text)),
        header={**plan.header(seq), "flac": True},
        identity=plan.identities.get(engine, ""),
    )
