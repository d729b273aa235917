"""The last stage: from the spectrogram to samples, by UnivNet; always in single precision.

Row by row: a second of sound takes a hundredth of what the other stages take for it.
"""

from collections.abc import Sequence

from narrated.engines.neural.stage_pipeline import QueueStage, pcm
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest

SAMPLE_RATE = 24_000

_SILENCE = bytes(2 * SAMPLE_RATE // 10)
_BEHIND = 10
"""Frames of silence that upstream puts behind a spectrogram, "to cut artifact"."""


class VocoderStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Rows wait in a queue; one that comes without a spectrogram has nothing to say."""

    share = 0.02

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Give the first its sound."""
        row, model = self._waiting[0], module.vocoder
        if row.mel is None:
            row.pcm = _SILENCE
        else:
            noise = row.noise((1, model.noise_dim, row.mel.shape[1] + _BEHIND), "vocoder")
            device = module.device
            sound = model.inference(row.mel[None].to(device), noise.to(device)).reshape(-1)
            if sound.isfinite().all():
                row.pcm = pcm(sound)
            else:
                row.problem = NOT_A_NUMBER.format("vocoder")
        self._waiting.popleft()
        return [row]
