"""The Tortoise engine, and its loading.

Imports torch and transformers only once the model's files are found.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from narrated.engines.interface import EngineContext, Options, Request, SpeechRequest
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.engines.tortoise.options import (
    TortoiseSettings,
    load_options,
    request_options,
    steady_options,
)
from narrated.engines.tortoise.required_files import FILES
from narrated.engines.tortoise.upstream_modules import package_folder
from narrated.engines.tortoise.voices import TortoiseVoices, shipped
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.neural.stage_pipeline import Stage
    from narrated.engines.tortoise.candidate_draws import CandidateDraws
    from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint, TortoiseModels
    from narrated.engines.tortoise.latents_files import LatentsCache
    from narrated.engines.tortoise.request import TortoiseRequest

REVISION = 1
"""Increase it when the same request sounds different."""


class TortoiseEngine(StagedSpeechEngine):
    """Admits requests into the stage pipeline."""

    def __init__(
        self,
        checkpoint: "TortoiseCheckpoint",
        voices: TortoiseVoices,
        cache: "LatentsCache",
        rows: int,
        batch: int,
        defaults: Options,
    ) -> None:
        from narrated.engines.neural.stage_pipeline import StagePipeline
        from narrated.engines.tortoise.candidate_draws import CandidateDraws
        from narrated.engines.tortoise.vocoder import SAMPLE_RATE

        self._checkpoint = checkpoint
        self._defaults = defaults
        self.steady_options = steady_options(defaults)
        self._voices = voices
        self._draws = CandidateDraws()
        line = stages(cache, self._draws)
        settings = TortoiseSettings.of(defaults).fingerprint
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, line, batch, SAMPLE_RATE, rows),
            voices,
            identity(f"tortoise-{REVISION}", checkpoint.digest, checkpoint.dtype, settings),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Admit a request. Raises an error for long texts, unknown voices and options."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Tortoise speaks; it cannot describe a picture.")
        from narrated.engines.tortoise.request import TortoiseRequest

        options = {**self._defaults, **request_options(request.options)}
        admitted = TortoiseRequest(
            id=request.id,
            words=self._checkpoint.words(request.text),
            voice=self._voices.found(request.voice),
            settings=TortoiseSettings.of(options),
            seed=request.seed,
        )
        admitted.choose_kept(self._draws)  # it then wants no slots, even while its voice is read
        self._pipeline.admit(admitted)


def stages(
    cache: "LatentsCache", draws: "CandidateDraws"
) -> "Sequence[Stage[TortoiseModels, TortoiseRequest]]":
    """Make the six stages in their order; the cache keeps voices' latents on the disk."""
    from narrated.engines.tortoise.autoregressive import AutoregressiveStage
    from narrated.engines.tortoise.candidate_latents import CandidateLatentsStage
    from narrated.engines.tortoise.clvp_ranking import RankingStage
    from narrated.engines.tortoise.conditioning import ConditioningStage
    from narrated.engines.tortoise.diffusion import DiffusionStage
    from narrated.engines.tortoise.vocoder import VocoderStage

    return (
        ConditioningStage(cache),
        AutoregressiveStage(draws),
        RankingStage(draws),
        CandidateLatentsStage(),
        DiffusionStage(),
        VocoderStage(),
    )


def load(options: Options, context: EngineContext) -> TortoiseEngine:
    """Load Tortoise with its tokenizer and voices; the weights stay on the disk.

    Raises EngineError for invalid options, EngineUnavailable if the model, its code, torch or
    transformers are missing.
    """
    loaded = load_options(options)
    files = find_checkpoint(context, loaded.model, FILES)
    if package_folder() is None:  # before torch is imported for nothing
        raise EngineUnavailable(
            "Tortoise's code is missing: No module named 'tortoise'.",
            "narrated engines install tortoise",
        )
    try:
        from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
        from narrated.engines.tortoise.latents_files import LatentsCache
    except ImportError as error:
        raise EngineUnavailable(
            f"Tortoise needs torch and transformers: {error}.", "narrated engines install tortoise"
        ) from error
    checkpoint = TortoiseCheckpoint.opened(files, loaded.dtype, context)
    voices = TortoiseVoices(context.voices, shipped())
    cache = LatentsCache(context.cache, checkpoint.digest)
    return TortoiseEngine(checkpoint, voices, cache, loaded.rows, loaded.batch, loaded.defaults)
