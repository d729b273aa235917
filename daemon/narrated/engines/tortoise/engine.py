"""The engine: what a worker asks of Tortoise, and how it is loaded.

Imports neither torch nor transformers until a model is found that needs them.
"""

from typing import TYPE_CHECKING

from narrated.engines.interface import Options, Request, SpeechRequest
from narrated.engines.model_interface import EngineContext
from narrated.engines.neural.checkpoint_files import found
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.engines.tortoise.options import TortoiseSettings, asked, loading
from narrated.engines.tortoise.required_files import FILES
from narrated.engines.tortoise.voices import TortoiseVoices, shipped
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
    from narrated.engines.tortoise.voice_latents import LatentsCache

REVISION = 1
"""Raised when the same request would come to sound otherwise."""


class TortoiseEngine(StagedSpeechEngine[TortoiseVoices]):
    """Takes utterances in, and has the pipeline speak them."""

    def __init__(
        self,
        checkpoint: "TortoiseCheckpoint",
        voices: TortoiseVoices,
        kept: "LatentsCache",
        rows: int,
        batch: int,
        wishes: Options,
    ) -> None:
        from narrated.engines.neural.stage_pipeline import StagePipeline
        from narrated.engines.tortoise.stages import stages
        from narrated.engines.tortoise.vocoder import SAMPLE_RATE

        self._checkpoint = checkpoint
        self._wishes = wishes
        settings = TortoiseSettings.of(wishes).fingerprint
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, stages(kept), batch, SAMPLE_RATE, rows),
            voices,
            identity(f"tortoise-{REVISION}", checkpoint.digest, checkpoint.dtype, settings),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Take an utterance in that is short enough, of a voice and options that are known."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Tortoise speaks; it cannot describe a picture.")
        from narrated.engines.tortoise.request import TortoiseRequest

        words = self._checkpoint.words(request.text)
        self._pipeline.admit(
            TortoiseRequest(
                id=request.id,
                words=words,
                voice=self._voices.found(request.voice, request.language),
                settings=TortoiseSettings.of({**self._wishes, **asked(request.options)}),
                seed=request.seed,
                is_silent=not words,
            )
        )


def load(options: Options, shelf: EngineContext) -> TortoiseEngine:
    """Tortoise with its tokenizer and voices, its weights still on the disk.

    EngineError for options that cannot be, EngineUnavailable where the model, its code, torch or
    transformers are not there.
    """
    wishes = loading(options)
    files = found(shelf, wishes.model, FILES)
    try:
        from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
        from narrated.engines.tortoise.voice_latents import LatentsCache
    except ImportError as error:
        raise EngineUnavailable(
            f"Tortoise needs torch and transformers: {error}.", "narrated engines install tortoise"
        ) from error
    checkpoint = TortoiseCheckpoint.opened(files, wishes.dtype, shelf)
    voices = TortoiseVoices(shelf.voices, shipped())
    kept = LatentsCache(shelf.cache, checkpoint.digest)
    return TortoiseEngine(checkpoint, voices, kept, wishes.rows, wishes.batch, wishes.wishes)
