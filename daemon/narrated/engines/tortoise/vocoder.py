"""The last stage: turns the spectrogram into samples, by UnivNet, in single precision.

It works on one request at a time, since it takes a hundredth of the other stages' time.
"""

from collections.abc import Sequence

from narrated.engines.neural.stage_pipeline import QueueStage, pcm
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest

SAMPLE_RATE = 24_000

_SILENCE = bytes(2 * SAMPLE_RATE // 10)
_BEHIND = 10
"""Frames of silence that upstream appends to a spectrogram, "to cut artifact"."""


class VocoderStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Vocodes the first queued request; one without a spectrogram is silent."""

    share = 0.02

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Make the samples of the first request."""
        request, model = self._waiting[0], module.vocoder
        if request.mel is None:
            request.pcm = _SILENCE
        else:
            noise = request.noise((1, model.noise_dim, request.mel.shape[1] + _BEHIND), "vocoder")
            device = module.device
            sound = model.inference(request.mel[None].to(device), noise.to(device)).reshape(-1)
            if sound.isfinite().all():
                request.pcm = pcm(sound)
            else:
                request.problem = NOT_A_NUMBER.format("vocoder")
        self._waiting.popleft()
        return [request]
