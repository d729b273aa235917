"""The fourth stage: the best candidate, read once more, as the diffusion model wants to hear it.

It takes not the codes but what the autoregressive model thinks where it says them, its last hidden
states, as far as there is speech. Upstream reads all of the padding as well, and then cuts it off.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from narrated.engines.neural.causal_transformer import read
from narrated.engines.neural.stage_pipeline import QueueStage, rows_at_once
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.clvp_ranking import CALM
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.unified_voice import UnifiedVoiceTransformer, weights

_BREATH = 8
"""Codes of silence that are left for the diffusion model to end in."""


class CandidateLatentsStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Rows wait in a queue, and are read some at once: what follows a row's end it never sees."""

    share = 0.02

    def at_hand(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """The first that can be read together."""
        longest = max(len(row.words) + spoken(row.codes) for row in self._waiting)
        most = rows_at_once(weights(module.autoregressive), longest, module.device, width)
        return list(self._waiting)[:most]

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Read them."""
        reading = self.at_hand(module, width)
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        prompts, sequences = [], []
        for row in reading:
            assert row.latents is not None, "a stage before has heard the voice"
            prompt = transformer.prompt(row.latents.autoregressive, row.words)
            prompts.append(len(prompt))
            sequences.append(torch.cat([prompt, self._codes(transformer, row)]))
        hidden = transformer.normed(read(transformer, pad_sequence(sequences, batch_first=True)))
        for row, prompt_length, own in zip(reading, prompts, hidden, strict=True):
            # Where the sign to begin stands the first code is thought of.
            first = prompt_length - 1
            row.aligned = own[first : first + spoken(row.codes)].float().cpu()
            if not row.aligned.isfinite().all():
                row.problem = NOT_A_NUMBER.format("autoregressive")
            self._waiting.popleft()
        return reading

    def _codes(self, transformer: UnifiedVoiceTransformer, row: TortoiseRequest) -> torch.Tensor:
        """Embeddings of all but the last: that one is only thought of."""
        codes = torch.tensor(row.codes[: spoken(row.codes) - 1], device=transformer.device).long()
        numbers = torch.arange(len(codes), device=transformer.device)
        return transformer.embedded(codes, numbers, torch.zeros_like(numbers))


def spoken(codes: Sequence[int]) -> int:
    """How many codes there are up to the silence behind the speech, and a breath of it."""
    calm = 0
    for index, code in enumerate(codes):
        calm = calm + 1 if code == CALM else 0
        if calm > _BREATH:
            return index
    return len(codes)
