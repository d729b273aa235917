"""The last stage: from codes to samples, by EnCodec's decoder.

Its convolutions and its LSTM are causal: a frame hears only those before it. So padding after a
request changes none of its samples, and several requests are decoded at once.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import BarkModel

from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import NOT_FINITE, BarkRequest
from narrated.engines.neural.stage_pipeline import Stage, pcm_rows
from narrated.engines.neural.transfers import to_device

_SILENCE_S = 0.1
_MOST_FRAMES = 1200
"""Frames decoded at once, padding included: 16 s of sound, about the longest that Bark speaks. So
a batch takes no more memory than one request may."""


class CodecStage(Stage[BarkModel, BarkRequest]):
    """Decodes the queued requests; one without codes becomes silence."""

    share = 0.05

    def __init__(self, generation: GenerationConfig) -> None:
        super().__init__()
        self._silence = bytes(2 * int(_SILENCE_S * generation.sample_rate))

    def next_requests(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """The first requests that fit into one batch; always one."""
        count = longest = 0
        for request in list(self._waiting)[:width]:
            longest = max(longest, _frames(request))
            if count and (count + 1) * longest > _MOST_FRAMES:
                break
            count += 1
        return list(self._waiting)[:count]

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Decode some requests at once, always in single precision."""
        decoding = self.next_requests(module, width)
        for request in decoding:
            request.pcm = self._silence
        spoken = [request for request in decoding if request.fine is not None]
        if spoken:
            _decode(module, spoken)
        for request in decoding:
            self.forget(request)
        return decoding


def _frames(request: BarkRequest) -> int:
    return 0 if request.fine is None else request.fine.shape[1]


def _decode(module: BarkModel, requests: Sequence[BarkRequest]) -> None:
    """Set the samples of requests with codes, or their problem."""
    codec, device = module.codec_model, module.device
    codes = [request.fine.T for request in requests if request.fine is not None]
    lengths = to_device(torch.tensor([len(own) for own in codes]), device)
    padded = to_device(pad_sequence(codes, batch_first=True), device)
    beyond = torch.arange(padded.shape[1], device=device) >= lengths[:, None]
    # Zeros, as the decoder pads: it mirrors the begin of a sound, beyond its end if it is short.
    embedded = codec.quantizer.decode(padded.permute(2, 0, 1)).masked_fill(beyond[:, None], 0.0)
    sound = codec.decoder(embedded)[:, 0]
    hop = sound.shape[1] // padded.shape[1]
    sound = sound.masked_fill(beyond.repeat_interleave(hop, 1), 0.0)
    spoken = pcm_rows(sound, [len(own) * hop for own in codes])
    for request, samples in zip(requests, spoken, strict=True):
        if samples is None:
            request.problem = NOT_FINITE.format("codec")
        else:
            request.pcm = samples
