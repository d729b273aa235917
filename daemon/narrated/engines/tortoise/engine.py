"""The Tortoise engine, and its loading.

Imports torch and transformers only once the model's files are found.
"""

from typing import TYPE_CHECKING

from narrated.engines.interface import Options, Request, SpeechRequest
from narrated.engines.model_interface import EngineContext
from narrated.engines.neural.checkpoint_files import find_checkpoint
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.engines.tortoise.options import TortoiseSettings, load_options, request_options
from narrated.engines.tortoise.required_files import FILES
from narrated.engines.tortoise.voices import TortoiseVoices, shipped
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
    from narrated.engines.tortoise.voice_latents import LatentsCache

REVISION = 1
"""Increase it when the same request sounds different."""


class TortoiseEngine(StagedSpeechEngine[TortoiseVoices]):
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
        from narrated.engines.tortoise.stages import stages
        from narrated.engines.tortoise.vocoder import SAMPLE_RATE

        self._checkpoint = checkpoint
        self._defaults = defaults
        settings = TortoiseSettings.of(defaults).fingerprint
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, stages(cache), batch, SAMPLE_RATE, rows),
            voices,
            identity(f"tortoise-{REVISION}", checkpoint.digest, checkpoint.dtype, settings),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Admit a request. Raises an error for long texts, unknown voices and options."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Tortoise speaks; it cannot describe a picture.")
        from narrated.engines.tortoise.request import TortoiseRequest

        words = self._checkpoint.words(request.text)
        options = {**self._defaults, **request_options(request.options)}
        self._pipeline.admit(
            TortoiseRequest(
                id=request.id,
                words=words,
                voice=self._voices.found(request.voice, request.language),
                settings=TortoiseSettings.of(options),
                seed=request.seed,
                is_silent=not words,
            )
        )


def load(options: Options, context: EngineContext) -> TortoiseEngine:
    """Load Tortoise with its tokenizer and voices; the weights stay on the disk.

    Raises EngineError for invalid options, EngineUnavailable if the model, its code, torch or
    transformers are missing.
    """
    loaded = load_options(options)
    files = find_checkpoint(context, loaded.model, FILES)
    try:
        from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
        from narrated.engines.tortoise.voice_latents import LatentsCache
    except ImportError as error:
        raise EngineUnavailable(
            f"Tortoise needs torch and transformers: {error}.", "narrated engines install tortoise"
        ) from error
    checkpoint = TortoiseCheckpoint.opened(files, loaded.dtype, context)
    voices = TortoiseVoices(context.voices, shipped())
    cache = LatentsCache(context.cache, checkpoint.digest)
    return TortoiseEngine(checkpoint, voices, cache, loaded.rows, loaded.batch, loaded.defaults)
