"""The engine: what a worker asks of Tortoise, and how it is loaded.

Imports neither torch nor transformers until a model is found that needs them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from narrated.engines.base import Kind, Model, Options, Outcome, Request, Shelf, Utterance
from narrated.engines.neural.files import found
from narrated.engines.tortoise.options import Settings, asked, loading
from narrated.engines.tortoise.parts import FILES
from narrated.engines.tortoise.voices import Voices, shipped
from narrated.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from narrated.engines.tortoise.checkpoint import Checkpoint
    from narrated.engines.tortoise.latents import Kept

REVISION = 1
"""Raised when the same request would come to sound otherwise."""


class Tortoise:
    """Takes utterances in, and has the pipeline speak them."""

    kind: Kind = "speech"
    worn = False

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

        self.rows = rows
        self.sample_rate = SAMPLE_RATE
        self.models: Sequence[Model] = (checkpoint.model,)
        self._checkpoint = checkpoint
        self._voices = voices
        self._wishes = wishes
        self._pipeline = Pipeline(checkpoint.model, stages(kept), batch, SAMPLE_RATE, rows)
        self.identity = _identity(checkpoint, Settings.of(wishes))

    def voices(self) -> Mapping[str, str]:
        """Those that come with Tortoise, and the user's own as they are now."""
        return self._voices.listed()

    def voice_digest(self, name: str) -> str:
        """One voice's digest as it is now."""
        return self._voices.digest(name)

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

    def step(self) -> Sequence[Outcome]:
        """Bring rows of one stage a little further; see `Pipeline.step`."""
        return self._pipeline.step()

    def cancel(self, id: str) -> None:
        """Forget a row."""
        self._pipeline.cancel(id)

    def shrink(self) -> bool:
        """Halve how many candidates are worked at once; False where it is one already."""
        return self._pipeline.shrink()

    def release(self) -> None:
        """Let go of keys and values; rows begin their stage again, and come out the same."""
        self._pipeline.release()


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


def _identity(checkpoint: "Checkpoint", settings: Settings) -> str:
    told = json.dumps([checkpoint.digest, checkpoint.dtype, repr(settings)])
    return f"tortoise-{REVISION}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
