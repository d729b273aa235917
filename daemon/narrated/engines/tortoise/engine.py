"""The engine: what a worker asks of Tortoise, and how it is loaded.

Imports neither torch nor transformers until a model is found that needs them.
"""

from typing import TYPE_CHECKING

from narrated.engines.base import Options, Request, Shelf, Utterance
from narrated.engines.neural.files import found
from narrated.engines.neural.speaker import Speaker, identity
from narrated.engines.tortoise.options import Settings, asked, loading
from narrated.engines.tortoise.parts import FILES
from narrated.engines.tortoise.voices import Voices, shipped
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.tortoise.checkpoint import Checkpoint
    from narrated.engines.tortoise.latents import Kept

REVISION = 1
"""Raised when the same request would come to sound otherwise."""


class Tortoise(Speaker[Voices]):
    """Takes utterances in, and has the pipeline speak them."""

    def __init__(
        self,
        checkpoint: "Checkpoint",
        voices: Voices,
        kept: "Kept",
        rows: int,
        batch: int,
        wishes: Options,
    ) -> None:
        from narrated.engines.neural.pipeline import Pipeline
        from narrated.engines.tortoise.stages import stages
        from narrated.engines.tortoise.vocoder import SAMPLE_RATE

        self._checkpoint = checkpoint
        self._wishes = wishes
        settings = repr(Settings.of(wishes))
        super().__init__(
            checkpoint.model,
            Pipeline(checkpoint.model, stages(kept), batch, SAMPLE_RATE, rows),
            voices,
            identity(f"tortoise-{REVISION}", checkpoint.digest, checkpoint.dtype, settings),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Take an utterance in that is short enough, of a voice and options that are known."""
        if not isinstance(request, Utterance):
            raise EngineError("Tortoise speaks; it cannot describe a picture.")
        from narrated.engines.tortoise.row import Row

        words = self._checkpoint.words(request.text)
        self._pipeline.admit(
            Row(
                id=request.id,
                words=words,
                voice=self._voices.found(request.voice, request.language),
                settings=Settings.of({**self._wishes, **asked(request.options)}),
                seed=request.seed,
                is_silent=not words,
            )
        )


def load(options: Options, shelf: Shelf) -> Tortoise:
    """Tortoise with its tokenizer and voices, its weights still on the disk.

    EngineError for options that cannot be, EngineUnavailable where the model, its code, torch or
    transformers are not there.
    """
    wishes = loading(options)
    files = found(shelf, wishes.model, FILES)
    try:
        from narrated.engines.tortoise.checkpoint import Checkpoint
        from narrated.engines.tortoise.latents import Kept
    except ImportError as error:
        raise EngineUnavailable(
            f"Tortoise needs torch and transformers: {error}.", "narrated engines install tortoise"
        ) from error
    checkpoint = Checkpoint.opened(files, wishes.dtype, shelf)
    voices = Voices(shelf.voices, shipped())
    kept = Kept(shelf.cache, checkpoint.digest)
    return Tortoise(checkpoint, voices, kept, wishes.rows, wishes.batch, wishes.wishes)
