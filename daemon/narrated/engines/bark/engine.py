"""The engine: what a worker asks of Bark, and how it is loaded.

Imports neither torch nor transformers until a model is found that needs them.
"""

from typing import TYPE_CHECKING

from narrated.engines.bark.options import asked, loading
from narrated.engines.bark.voices import BarkVoices
from narrated.engines.interface import Options, Request, SpeechRequest
from narrated.engines.model_interface import EngineContext
from narrated.engines.neural.checkpoint_files import found
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.bark.checkpoint import BarkCheckpoint

REVISION = 1
"""Raised when the same request would come to sound otherwise."""


class BarkEngine(StagedSpeechEngine[BarkVoices]):
    """Takes utterances in, and has the pipeline speak them."""

    def __init__(
        self, checkpoint: "BarkCheckpoint", voices: BarkVoices, rows: int, wishes: Options
    ) -> None:
        from narrated.engines.bark.stages import stages
        from narrated.engines.neural.stage_pipeline import StagePipeline

        self._checkpoint = checkpoint
        self._sampling = checkpoint.recipe.sampling.with_options(wishes)
        line = stages(checkpoint.recipe, checkpoint.block_size)
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, line, rows, checkpoint.recipe.sample_rate),
            voices,
            identity(
                f"bark-{REVISION}",
                checkpoint.digest,
                checkpoint.dtype,
                self._sampling.fingerprint,
            ),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Take an utterance in that is short enough, of a voice and options that are known."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Bark speaks; it cannot describe a picture.")
        from narrated.engines.bark.request import BarkRequest

        sampling = self._sampling.with_options(asked(request.options))
        words = self._checkpoint.words(request.text)
        self._pipeline.admit(
            BarkRequest(
                id=request.id,
                words=words,
                is_silent=not words,
                prompt=self._voices.prompt(request.voice, request.language),
                sampling=sampling,
                seed=request.seed,
            )
        )


def load(options: Options, shelf: EngineContext) -> BarkEngine:
    """Bark with its tokenizer and voices, its weights still on the disk.

    EngineError for options that cannot be, EngineUnavailable where the model, torch or
    transformers are not there, or the checkpoint's files cannot be read.
    """
    wishes = loading(options)
    files = found(shelf, wishes.model)
    try:
        from narrated.engines.bark.checkpoint import BarkCheckpoint
    except ImportError as error:
        raise EngineUnavailable(
            f"Bark needs torch and transformers: {error}.", "pip install 'narrated[models]'"
        ) from error
    checkpoint = BarkCheckpoint.opened(files, wishes.dtype, shelf)
    return BarkEngine(
        checkpoint, BarkVoices(files.folder, shelf.voices), wishes.rows, wishes.sampling
    )
