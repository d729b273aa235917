"""The last stage: sound of the latents, by a causal decoder: padding at the end is not heard."""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from narrated.engines.neural.stage_pipeline import Stage, pcm_rows
from narrated.engines.pocket_tts.checkpoint import PocketCheckpoint, PocketModels
from narrated.engines.pocket_tts.request import NOT_FINITE, PocketRequest

_SILENCE_S = 0.1
_MOST_FRAMES = 400
"""Frames decoded at once, padding included: 32 s of sound."""


class CodecStage(Stage[PocketModels, PocketRequest]):
    """Decodes the queued requests; one without latents becomes silence."""

    share = 0.15

    def __init__(self, checkpoint: PocketCheckpoint) -> None:
        super().__init__()
        rate = checkpoint.codec_config.sampling_rate
        self._silence = bytes(2 * int(_SILENCE_S * rate))
        self._fade_samples = int(checkpoint.processor.fade_in_duration * rate)
        self._frame_size = checkpoint.codec_config.frame_size

    def next_requests(self, module: PocketModels, width: int) -> Sequence[PocketRequest]:
        """The first requests that fit into one batch; always one."""
        count = longest = 0
        for request in list(self._waiting)[:width]:
            longest = max(longest, 0 if request.latents is None else len(request.latents))
            if count and (count + 1) * longest > _MOST_FRAMES:
                break
            count += 1
        return list(self._waiting)[:count]

    def work(self, module: PocketModels, width: int) -> Sequence[PocketRequest]:
        """Decode some requests at once, always in single precision."""
        decoding = self.next_requests(module, width)
        for request in decoding:
            request.pcm = self._silence
        spoken = [request for request in decoding if request.latents is not None]
        if spoken:
            self._decode(module, spoken)
        for request in decoding:
            self.forget(request)
        return decoding

    def _decode(self, module: PocketModels, requests: Sequence[PocketRequest]) -> None:
        latents = [request.latents for request in requests if request.latents is not None]
        padded = pad_sequence(latents, batch_first=True).to(module.codec.device)
        sound = module.codec.decode(padded).audio_values[:, 0]
        fade = torch.linspace(0, 1, self._fade_samples, device=sound.device)[: sound.shape[1]]
        sound[:, : len(fade)] *= fade  # a fresh decoder begins with a click
        spoken = pcm_rows(sound, [len(each) * self._frame_size for each in latents])
        for request, samples in zip(requests, spoken, strict=True):
            if samples is None:
                request.problem = NOT_FINITE.format("audio tokenizer")
            else:
                request.pcm = samples
