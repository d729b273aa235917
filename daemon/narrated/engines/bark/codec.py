"""The last stage: from codes to samples, by EnCodec's decoder.

Row by row: the decoder's LSTM hears padding, and a row takes a hundredth of the time of all.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

import torch
from transformers import BarkModel

from narrated.engines.bark.recipe import Recipe
from narrated.engines.bark.row import Row
from narrated.engines.bark.stage import NOT_A_NUMBER
from narrated.engines.neural.pipeline import pcm

_SILENCE_S = 0.1


class Codec:
    """Rows wait in a queue; one that comes without codes has nothing to say."""

    share = 0.05
    keeps = False

    def __init__(self, recipe: Recipe) -> None:
        self._silence = bytes(2 * int(_SILENCE_S * recipe.sample_rate))
        self._waiting: deque[Row] = deque()

    @property
    def rows(self) -> Sequence[Row]:
        """All that are here."""
        return list(self._waiting)

    def admit(self, row: Row) -> None:
        """Queue a row."""
        self._waiting.append(row)

    def at_hand(self, module: BarkModel, width: int) -> Sequence[Row]:
        """The first."""
        return [self._waiting[0]]

    def work(self, module: BarkModel, width: int) -> Sequence[Row]:
        """Decode the first, always in single precision."""
        row = self._waiting[0]
        if row.fine is None:
            row.pcm = self._silence
        else:
            sound = _decoded(module, row.fine)
            if sound.isfinite().all():
                row.pcm = pcm(sound)
            else:
                row.problem = NOT_A_NUMBER.format("codec")
        self._waiting.popleft()
        return [row]

    def progress(self, row: Row) -> float:
        """It is here or gone."""
        return 0.0

    def forget(self, row: Row) -> None:
        """Let a row go."""
        self._waiting.remove(row)

    def begin_again(self) -> None:
        """Nothing is kept on the device."""


def _decoded(module: BarkModel, codes: torch.Tensor) -> torch.Tensor:
    decode = cast("Callable[[torch.Tensor], torch.Tensor]", module.codec_decode)
    return decode(codes[None].to(module.device)).reshape(-1)
