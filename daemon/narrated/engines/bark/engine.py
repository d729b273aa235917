"""The engine: what a worker asks of Bark, and how it is loaded.

Imports neither torch nor transformers until a model is found that needs them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from narrated.engines.bark.options import Sampling, asked, loading
from narrated.engines.bark.voices import Voices
from narrated.engines.base import Kind, Model, Options, Outcome, Request, Shelf, Utterance
from narrated.engines.neural.files import found
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.bark.checkpoint import Checkpoint

REVISION = 1
"""Raised when the same request would come to sound otherwise."""


class Bark:
    """Takes utterances in, and has the pipeline speak them."""

    kind: Kind = "speech"
    worn = False

    def __init__(
        self, checkpoint: "Checkpoint", voices: Voices, rows: int, wishes: Options
    ) -> None:
        from narrated.engines.bark.stages import stages
        from narrated.engines.neural.pipeline import Pipeline

        self.rows = rows
        self.sample_rate = checkpoint.recipe.sample_rate
        self.models: Sequence[Model] = (checkpoint.model,)
        self._checkpoint = checkpoint
        self._voices = voices
        self._sampling = checkpoint.recipe.sampling.with_options(wishes)
        line = stages(checkpoint.recipe, checkpoint.block_size)
        self._pipeline = Pipeline(checkpoint.model, line, rows, self.sample_rate)
        self.identity = _identity(checkpoint, self._sampling)

    def voices(self) -> Mapping[str, str]:
        """The presets, and the user's own as they are now."""
        return self._voices.listed()

    def voice_digest(self, name: str) -> str:
        """One voice's digest as it is now."""
        return self._voices.digest(name)

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

    def step(self) -> Sequence[Outcome]:
        """Bring rows of one stage a little further; see `Pipeline.step`."""
        return self._pipeline.step()

    def cancel(self, id: str) -> None:
        """Forget a row."""
        self._pipeline.cancel(id)

    def shrink(self) -> bool:
        """Halve how many rows are worked at once; False where it is one already."""
        return self._pipeline.shrink()

    def release(self) -> None:
        """Let go of keys and values; rows begin their stage again, and come out the same."""
        self._pipeline.release()


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


def _identity(checkpoint: "Checkpoint", sampling: Sampling) -> str:
    told = json.dumps([checkpoint.digest, checkpoint.dtype, repr(sampling)])
    return f"bark-{REVISION}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
