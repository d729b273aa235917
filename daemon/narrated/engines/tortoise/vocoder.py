"""The last stage: turns the spectrogram into samples, by UnivNet, in single precision.

It works on one request at a time, since it takes a hundredth of the other stages' time.
"""

from collections.abc import Sequence

from narrated.engines.neural.stage_pipeline import Stage, pcm
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest

SAMPLE_RATE = 24_000

_SILENCE = bytes(2 * SAMPLE_RATE // 10)
_BEHIND = 10
"""Frames of silence that upstream appends to a spectrogram, "to cut artifact"."""


class VocoderStage(Stage[TortoiseModels, TortoiseRequest]):
    """Vocodes the first queued request; one without a spectrogram is silent."""

    share = 0.02

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Make the samples of the first request."""
        request, model, device = self._waiting[0], module.vocoder, module.device
        request.pcm = _SILENCE
        if request.mel is not None:
            noise = request.noise((1, model.noise_dim, request.mel.shape[1] + _BEHIND), "vocoder")
            sound = model.inference(request.mel[None].to(device), noise.to(device)).reshape(-1)
            if request.require_finite(sound, "vocoder"):
                request.pcm = pcm(sound)
        self._waiting.popleft()
        return [request]
