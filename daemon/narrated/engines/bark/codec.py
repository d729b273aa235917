"""The last stage: from codes to samples, by EnCodec's decoder.

Row by row: the decoder's LSTM hears padding, and a row takes a hundredth of the time of all.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from transformers import BarkModel

from narrated.engines.bark.causal_stage import NOT_A_NUMBER
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.neural.stage_pipeline import QueueStage, pcm

_SILENCE_S = 0.1


class CodecStage(QueueStage[BarkModel, BarkRequest]):
    """Rows wait in a queue; one that comes without codes has nothing to say."""

    share = 0.05

    def __init__(self, recipe: GenerationConfig) -> None:
        super().__init__()
        self._silence = bytes(2 * int(_SILENCE_S * recipe.sample_rate))

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
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


def _decoded(module: BarkModel, codes: torch.Tensor) -> torch.Tensor:
    decode = cast("Callable[[torch.Tensor], torch.Tensor]", module.codec_decode)
    return decode(codes[None].to(module.device)).reshape(-1)
