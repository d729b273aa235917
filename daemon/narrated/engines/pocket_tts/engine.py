"""The Pocket TTS engine, and its loading.

Imports torch and transformers only after it found the model's files.
"""

from typing import TYPE_CHECKING

from narrated.engines.interface import EngineContext, Options, Request, SpeechRequest
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.engines.neural.option_parsing import model_name
from narrated.engines.neural.staged_engine import StagedSpeechEngine, identity
from narrated.engines.pocket_tts.options import ROWS, engine_options, request_options
from narrated.engines.pocket_tts.voices import PocketVoices
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.pocket_tts.checkpoint import PocketCheckpoint

REVISION = 1
"""Raise it whenever the same request would sound different."""

_DEFAULT_MODEL = "eustlb/pocket-tts"


class PocketEngine(StagedSpeechEngine):
    """Checks requests, and speaks them by the pipeline."""

    def __init__(
        self, checkpoint: "PocketCheckpoint", voices: PocketVoices, rows: int, defaults: Options
    ) -> None:
        from narrated.engines.neural.stage_pipeline import StagePipeline
        from narrated.engines.pocket_tts.codec import CodecStage
        from narrated.engines.pocket_tts.conditioning import ConditioningStage
        from narrated.engines.pocket_tts.frames import FrameStage

        self._checkpoint, self._voices = checkpoint, voices
        self._sampling = checkpoint.sampling.with_options(defaults)
        stages = ConditioningStage(checkpoint), FrameStage(checkpoint), CodecStage(checkpoint)
        rate = checkpoint.codec_config.sampling_rate
        told = checkpoint.digest, checkpoint.dtype, self._sampling.fingerprint
        super().__init__(
            checkpoint.model,
            StagePipeline(checkpoint.model, stages, rows, rate),
            voices,
            identity(f"pocket-tts-{REVISION}", *told),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Admit a request. Raises EngineError or EngineUnavailable to refuse it."""
        if not isinstance(request, SpeechRequest):
            raise EngineError("Pocket TTS speaks; it cannot describe a picture.")
        from narrated.engines.pocket_tts.request import PocketRequest

        text = self._checkpoint.plain(request.text)
        tokens = self._checkpoint.tokens(text)
        self._pipeline.admit(
            PocketRequest(
                id=request.id,
                words=tokens,
                seed=request.seed,
                text=text,
                voice=self._voices.found(request.voice),
                sampling=self._sampling.with_options(request_options(request.options)),
                most_frames=self._checkpoint.most_frames(len(tokens)),
            )
        )


def load(options: Options, context: EngineContext) -> PocketEngine:
    """Load Pocket TTS with its processor and voices; the weights stay on the disk.

    Raises EngineError for wrong options, and EngineUnavailable if the model, its audio tokenizer,
    torch or transformers are missing, or a file of a checkpoint cannot be read.
    """
    told = engine_options(options)
    files = find_checkpoint(context, model_name(told, _DEFAULT_MODEL))
    try:
        from narrated.engines.pocket_tts.checkpoint import PocketCheckpoint, codec_name
    except ImportError as error:
        raise EngineUnavailable(
            f"Pocket TTS needs torch and transformers 5.24: {error}.",
            "pip install --upgrade 'narrated[models]'",
        ) from error
    name = told.get("audio_tokenizer") or codec_name(files.folder)
    if not name:
        raise EngineUnavailable(
            f"The model {files.name} names no audio tokenizer.",
            "Name one: `engines: {mine: {options: {audio_tokenizer: owner/name}}}`.",
        )
    codec = find_checkpoint(context, name)
    checkpoint = PocketCheckpoint.opened(files, codec, told.get("dtype", "auto"), context)
    voices = PocketVoices(files.folder, context.voices, clones=checkpoint.clones)
    return PocketEngine(checkpoint, voices, told.get("rows", ROWS), told)
