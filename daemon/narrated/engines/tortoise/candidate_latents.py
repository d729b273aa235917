"""The fourth stage: the latents of the best candidate, as input of the diffusion model.

They are the last hidden states of the autoregressive model at the codes of the speech. Upstream
computes the padding as well, and then cuts it off.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from narrated.engines.neural.causal_transformer import run_blocks
from narrated.engines.neural.stage_pipeline import QueueStage, requests_per_pass
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.clvp_ranking import SILENCE_CODE
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.unified_voice import UnifiedVoiceTransformer, weights

_BREATH = 8
"""Codes of silence after the speech, for the diffusion model to end in."""


class CandidateLatentsStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Reads several queued requests at once; causal attention hides the padding of each."""

    share = 0.02

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """The first requests that can be read together."""
        longest = max(
            len(request.words) + speech_length(request.codes) for request in self._waiting
        )
        most = requests_per_pass(weights(module.autoregressive), longest, module.device, width)
        return list(self._waiting)[:most]

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Read them, and keep the hidden states of their codes."""
        reading = self.next_requests(module, width)
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        prompts, sequences = [], []
        for request in reading:
            assert request.latents is not None, "the conditioning stage sets the latents"
            prompt = transformer.prompt(request.latents.autoregressive, request.words)
            prompts.append(len(prompt))
            sequences.append(torch.cat([prompt, self._codes(transformer, request)]))
        hidden = transformer.normed(
            run_blocks(transformer, pad_sequence(sequences, batch_first=True))
        )
        for request, prompt_length, own in zip(reading, prompts, hidden, strict=True):
            # The hidden state at the start sign belongs to the first code.
            first = prompt_length - 1
            request.aligned = own[first : first + speech_length(request.codes)].float().cpu()
            if not request.aligned.isfinite().all():
                request.problem = NOT_A_NUMBER.format("autoregressive")
            self._waiting.popleft()
        return reading

    def _codes(
        self, transformer: UnifiedVoiceTransformer, request: TortoiseRequest
    ) -> torch.Tensor:
        """Embeddings of all codes but the last, which is only predicted."""
        codes = torch.tensor(
            request.codes[: speech_length(request.codes) - 1], device=transformer.device
        ).long()
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
