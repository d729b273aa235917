"""The VITS engine, and its loading.

Imports torch and transformers only after it found the model's files.
"""

from typing import TYPE_CHECKING

from narrated.engines.interface import EngineContext, Options, Request, SpeechRequest
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.engines.neural.option_parsing import model_name
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.engines.vits.options import ROWS, engine_options, request_options
from narrated.engines.vits.voices import VitsVoices
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.vits.checkpoint import VitsCheckpoint

REVISION = 1
"""Raise it whenever the same request would sound different."""

_DEFAULT_MODEL = "facebook/mms-tts-eng"


class VitsEngine(StagedSpeechEngine):
    """Checks requests, and speaks them by the pipeline."""

    def __init__(self, checkpoint: "VitsCheckpoint", name: str, rows: int, told: Options) -> None:
        from narrated.engines.neural.stage_pipeline import StagePipeline
        from narrated.engines.vits.synthesis import SynthesisStage

        self._checkpoint = checkpoint
        self._sampling = checkpoint.sampling.with_options(told)
        self._speakers = VitsVoices(name, checkpoint.digest, checkpoint.config.num_speakers)
        rate = checkpoint.config.sampling_rate
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, [SynthesisStage()], rows, rate),
            self._speakers,
            identity(f"vits-{REVISION}", checkpoint.digest, self._sampling.fingerprint),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Admit a request. Raises EngineError or EngineUnavailable to refuse it."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("VITS speaks; it cannot describe a picture.")
        from narrated.engines.vits.request import VitsRequest

        self._pipeline.admit(
            VitsRequest(
                id=request.id,
                words=self._checkpoint.words(request.text),
                seed=request.seed,
                sampling=self._sampling.with_options(request_options(request.options)),
                speaker=self._speakers.speaker(request.voice),
            )
        )


def load(options: Options, context: EngineContext) -> VitsEngine:
    """Load a VITS with its tokenizer; the weights stay on the disk.

    Raises EngineError for wrong options, and EngineUnavailable if the model, torch, transformers
    or a package for its texts are missing, or a file of the checkpoint cannot be read.
    """
    told = engine_options(options)
    files = find_checkpoint(context, model_name(told, _DEFAULT_MODEL))
    try:
        from narrated.engines.vits.checkpoint import VitsCheckpoint
    except ImportError as error:
        raise EngineUnavailable(
            f"VITS needs torch and transformers: {error}.", "pip install 'narrated[models]'"
        ) from error
    checkpoint = VitsCheckpoint.opened(files, context)
    return VitsEngine(checkpoint, files.name, told.get("rows", ROWS), told)
