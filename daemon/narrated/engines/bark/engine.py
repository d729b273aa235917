"""The Bark engine, and its loading.

Imports torch and transformers only after it found the model's files.
"""

from typing import TYPE_CHECKING

from narrated.engines.bark.options import engine_options, request_options
from narrated.engines.bark.voices import BarkVoices
from narrated.engines.interface import EngineContext, Options, Request, SpeechRequest
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.engines.neural.option_parsing import model_name
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.bark.checkpoint import BarkCheckpoint

REVISION = 1
"""Raise it whenever the same request would sound different."""

_DEFAULT_MODEL = "suno/bark"
_DEFAULT_ROWS = 4
_BATCHES = 2
"""The semantic and the coarse stage each have a batch to fill."""


class BarkEngine(StagedSpeechEngine):
    """Checks requests, and speaks them by the pipeline."""

    def __init__(
        self, checkpoint: "BarkCheckpoint", voices: BarkVoices, rows: int, defaults: Options
    ) -> None:
        from narrated.engines.neural.stage_pipeline import StagePipeline

        self._checkpoint = checkpoint
        self._voices = voices
        self._sampling = checkpoint.generation.sampling.with_options(defaults)
        self.steady_options = self._sampling.steady_options(defaults)
        fingerprint = self._sampling.fingerprint
        sample_rate = checkpoint.generation.sample_rate
        in_flight = _BATCHES * rows
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, checkpoint.stages(), rows, sample_rate),
            voices,
            identity(f"bark-{REVISION}", checkpoint.digest, checkpoint.dtype, fingerprint),
            in_flight,
        )

    def admit(self, request: Request) -> None:
        """Admit a request. Raises EngineError or EngineUnavailable to refuse it."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Bark speaks; it cannot describe a picture.")
        from narrated.engines.bark.request import BarkRequest

        sampling = self._sampling.with_options(request_options(request.options))
        self._pipeline.admit(
            BarkRequest(
                id=request.id,
                words=self._checkpoint.words(request.text),
                prompt=self._voices.prompt(request.voice, request.language),
                sampling=sampling,
                seed=request.seed,
            )
        )


def load(options: Options, context: EngineContext) -> BarkEngine:
    """Load Bark with its tokenizer and voices; the weights stay on the disk.

    Raises EngineError for wrong options, and EngineUnavailable if the model, torch or
    transformers are missing, or a file of the checkpoint cannot be read.
    """
    told = engine_options(options)
    files = find_checkpoint(context, model_name(told, _DEFAULT_MODEL))
    try:
        from narrated.engines.bark.checkpoint import BarkCheckpoint
    except ImportError as error:
        raise EngineUnavailable(
            f"Bark needs torch and transformers: {error}.", "pip install 'narrated[models]'"
        ) from error
    checkpoint = BarkCheckpoint.opened(files, told.get("dtype", "auto"), context)
    voices = BarkVoices(files.folder, context.voices)
    return BarkEngine(checkpoint, voices, told.get("rows", _DEFAULT_ROWS), told)
