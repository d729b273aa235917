"""The engine: what a worker asks of Bark, and how it is loaded.

Imports neither torch nor transformers until a model is found that needs them.
"""

from typing import TYPE_CHECKING

from narrated.engines.bark.options import asked, loading
from narrated.engines.bark.voices import Voices
from narrated.engines.base import Options, Request, Shelf, Utterance
from narrated.engines.neural.files import found
from narrated.engines.neural.speaker import Speaker, identity
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.bark.checkpoint import Checkpoint

REVISION = 1
"""Raised when the same request would come to sound otherwise."""


class Bark(Speaker[Voices]):
    """Takes utterances in, and has the pipeline speak them."""

    def __init__(
        self, checkpoint: "Checkpoint", voices: Voices, rows: int, wishes: Options
    ) -> None:
        from narrated.engines.bark.stages import stages
        from narrated.engines.neural.pipeline import Pipeline

        self._checkpoint = checkpoint
        self._sampling = checkpoint.recipe.sampling.with_options(wishes)
        line = stages(checkpoint.recipe, checkpoint.block_size)
        super().__init__(
            checkpoint.model,
            Pipeline(checkpoint.model, line, rows, checkpoint.recipe.sample_rate),
            voices,
            identity(f"bark-{REVISION}", checkpoint.digest, checkpoint.dtype, repr(self._sampling)),
            rows,
        )

    def admit(self, request: Request) -> None:
        """Take an utterance in that is short enough, of a voice and options that are known."""
        if not isinstance(request, Utterance):
            raise EngineError("Bark speaks; it cannot describe a picture.")
        from narrated.engines.bark.row import Row

        sampling = self._sampling.with_options(asked(request.options))
        words = self._checkpoint.words(request.text)
        self._pipeline.admit(
            Row(
                id=request.id,
                words=words,
                is_silent=not words,
                prompt=self._voices.prompt(request.voice, request.language),
                sampling=sampling,
                seed=request.seed,
            )
        )


def load(options: Options, shelf: Shelf) -> Bark:
    """Bark with its tokenizer and voices, its weights still on the disk.

    EngineError for options that cannot be, EngineUnavailable where the model, torch or
    transformers are not there, or the checkpoint's files cannot be read.
    """
    wishes = loading(options)
    files = found(shelf, wishes.model)
    try:
        from narrated.engines.bark.checkpoint import Checkpoint
    except ImportError as error:
        raise EngineUnavailable(
            f"Bark needs torch and transformers: {error}.", "pip install 'narrated[models]'"
        ) from error
    checkpoint = Checkpoint.opened(files, wishes.dtype, shelf)
    return Bark(checkpoint, Voices(files.folder, shelf.voices), wishes.rows, wishes.sampling)
