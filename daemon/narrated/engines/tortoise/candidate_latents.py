"""The fourth stage: the latents of the best candidate, as input of the diffusion model.

They are the last hidden states of the autoregressive model at the codes of the speech. Upstream
computes the padding as well, and then cuts it off.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from narrated.engines.neural.decoder import run_blocks
from narrated.engines.neural.stage_pipeline import Stage, requests_per_pass
from narrated.engines.neural.transfers import to_device, to_host
from narrated.engines.tortoise.autoregressive import UnifiedVoiceTransformer, weights
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import SILENCE_CODE, TortoiseRequest

_BREATH = 8
"""Codes of silence after the speech, for the diffusion model to end in."""


class CandidateLatentsStage(Stage[TortoiseModels, TortoiseRequest]):
    """Reads several queued requests at once; causal attention hides the padding of each."""

    share = 0.02

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """The first requests that can be read together."""
        longest = max(len(each.words) + speech_length(each.codes) for each in self._waiting)
        most = requests_per_pass(weights(module.autoregressive), longest, module.device, width)
        return list(self._waiting)[:most]

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Read them, and keep the hidden states of their codes."""
        reading = self.next_requests(module, width)
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        prompts = [transformer.prompt(request) for request in reading]
        sequences = [
            torch.cat([prompt, _codes(transformer, request)])
            for prompt, request in zip(prompts, reading, strict=True)
        ]
        hidden = transformer.normed(
            run_blocks(transformer, pad_sequence(sequences, batch_first=True))
        )
        for request, prompt, own in zip(reading, prompts, hidden, strict=True):
            # The hidden state at the start sign belongs to the first code.
            first = len(prompt) - 1
            request.aligned = to_host(own[first : first + speech_length(request.codes)].float())
            request.require_finite(request.aligned, "autoregressive")
            self._waiting.popleft()
        return reading


def _codes(transformer: UnifiedVoiceTransformer, request: TortoiseRequest) -> torch.Tensor:
    """Embeddings of all codes but the last, which is only predicted."""
    own = request.codes[: speech_length(request.codes) - 1]
    codes = to_device(torch.tensor(own, dtype=torch.int64), transformer.device)
    numbers = torch.arange(len(codes), device=transformer.device)
    return transformer.embedded(codes, numbers, torch.zeros_like(numbers))


def speech_length(codes: Sequence[int]) -> int:
    """Number of codes up to the silence after the speech, with a breath of it."""
    calm = 0
    for index, code in enumerate(codes):
        calm = calm + 1 if code == SILENCE_CODE else 0
        if calm > _BREATH:
            return index
    return len(codes)
