"""Renders plans: has their chunks spoken and checked, and the takes encoded in order."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from narrated.audio.encoder_requests import AS_PREDICTED, LevelCorrection
from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.job_progress import JobProgress, count_characters
from narrated.jobs.job_speech import WINDOW, JobSpeech
from narrated.jobs.level_estimate import LevelEstimator
from narrated.jobs.narration_encoder import NarrationEncoder
from narrated.jobs.narration_tags import TagMaker
from narrated.jobs.plan import Plan
from narrated.jobs.retakes import CheckedSpeech, Retakes
from narrated.ledger.engine_rates import EngineRates
from narrated.ledger.job import Job
from narrated.ledger.take_cache import TakeCache
from narrated.printable import printable
from narrated.workers.encoder_errors import (
    EncoderCrashed,
    LoudnessMissed,
    NarrationLost,
    crashed_twice,
)
from narrated.workers.encoder_pool import EncoderPool
from narrated.workers.speech_brake import SpeechBrake

_TRIES = 2
"""A file fails after so many crashes of an encoder, or so many damages of its takes."""

log = logging.getLogger("narrated")


@dataclass(eq=False)
class NarrationRenderer:
    """Has the takes of a plan spoken, those that are bad more than once, and encodes them."""

    _cache: TakeCache
    _rates: EngineRates
    _retakes: Retakes
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
        speech = self._begin(job, plan, progress)
        crashes = 0
        correction = AS_PREDICTED
        while True:
            try:
                return await self._speak(job, speech, progress, correction)
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

    async def check(
        self, job: Job, plan: Plan, progress: JobProgress
    ) -> tuple[Plan, tuple[ChunkVerdict, ...]]:
        """Check published takes of a plan, and encode nothing; returns it with the best ones."""
        speech = self._begin(job, plan, progress)
        chunks = plan.draft.chunks
        left = speech.begin_check()
        progress.recorded += count_characters(chunks) - sum(len(chunks[seq].text) for seq in left)
        waiting = iter(left)

        async def settle_in_order() -> None:
            for seq in waiting:
                await speech.settle(seq)
                progress.recorded += len(chunks[seq].text)

        tasks = [asyncio.create_task(settle_in_order()) for _ in range(WINDOW)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return speech.plan, speech.verdicts

    def _begin(self, job: Job, plan: Plan, progress: JobProgress) -> CheckedSpeech:
        chunks = plan.draft.chunks
        progress.begin(count_characters(chunks))
        speech = self._retakes.begin(job, plan, progress)
        missing = self._cache.missing(job.id)
        progress.unspoken = {seq: (plan.engine(seq), len(chunks[seq].text)) for seq in missing}
        return speech

    async def _speak(
        self, job: Job, speech: CheckedSpeech, progress: JobProgress, correction: LevelCorrection
    ) -> EncodedNarration:
        folder = self._work / f"{job.id}-{next(self._folders)}"  # the earlier may not be gone yet
        level = LevelEstimator(self._rates, self._cache, progress.unspoken, correction)
        encoder = NarrationEncoder(folder, speech.plan, self._cache, self._encoders, job.id, level)
        return await JobSpeech(speech, self._tags, self._brake, job, encoder, progress).run()


def _lowered(problem: str) -> str:
    """A sentence as the end of another."""
    return problem[:1].lower() + problem[1:].removesuffix(".")
