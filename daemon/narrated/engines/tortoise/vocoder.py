"""The last stage: turns spectrograms into samples, by UnivNet, in single precision."""

from collections.abc import Sequence

from narrated.engines.neural.stage_pipeline import Stage, pcm, requests_per_pass
from narrated.engines.neural.transfers import to_device
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.univnet import BEHIND

SAMPLE_RATE = 24_000

_SILENCE = bytes(2 * SAMPLE_RATE // 10)


class VocoderStage(Stage[TortoiseModels, TortoiseRequest]):
    """Vocodes several queued requests at once; one without a spectrogram is silent.

    It waits for no full batch: a batch on a processor takes as long as its requests one by one.
    """

    share = 0.02

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """The first requests that can be vocoded together."""
        longest = max(_frames(request) for request in self._waiting)
        most = requests_per_pass(module.vocoder.weights, longest, module.device, width)
        return list(self._waiting)[:most]

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Make the samples of the first requests."""
        requests = self.next_requests(module, width)
        vocoder, device = module.vocoder, module.device
        speaking = [
            (each, to_device(each.mel, device)) for each in requests if each.mel is not None
        ]
        noises = [
            to_device(each.noise((1, vocoder.noise_dim, _frames(each)), "vocoder")[0], device)
            for each, _ in speaking
        ]
        for request in requests:
            request.pcm = _SILENCE
        if speaking:
            sounds = vocoder([mel for _, mel in speaking], noises)
            for (request, _), sound in zip(speaking, sounds, strict=True):
                if request.require_finite(sound, "vocoder"):
                    request.pcm = pcm(sound)
        for _ in requests:
            self._waiting.popleft()
        return requests


def _frames(request: TortoiseRequest) -> int:
    """Frames to vocode, with those of silence behind."""
    return BEHIND + (0 if request.mel is None else request.mel.shape[1])
