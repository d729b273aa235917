"""The last stage: from codes to samples, by EnCodec's decoder.

It decodes one request at a time, since padding would change the output of the decoder's LSTM.
That takes a hundredth of a request's time.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from transformers import BarkModel

from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import NOT_FINITE, BarkRequest
from narrated.engines.neural.stage_pipeline import Stage, pcm

_SILENCE_S = 0.1


class CodecStage(Stage[BarkModel, BarkRequest]):
    """Decodes the queued requests; one without codes becomes silence."""

    share = 0.05

    def __init__(self, generation: GenerationConfig) -> None:
        super().__init__()
        self._silence = bytes(2 * int(_SILENCE_S * generation.sample_rate))

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Decode the first request, always in single precision."""
        request = self._waiting[0]
        if request.fine is None:
            request.pcm = self._silence
        else:
            decode = cast("Callable[[torch.Tensor], torch.Tensor]", module.codec_decode)
            sound = decode(request.fine[None].to(module.device)).reshape(-1)
            if sound.isfinite().all():
                request.pcm = pcm(sound)
            else:
                request.problem = NOT_FINITE.format("codec")
        return [self._waiting.popleft()]
