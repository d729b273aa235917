"""The autoregressive model as a causal transformer: GPT-2 over a voice, a text and codes.

Positions are upstream's without a cache: text tokens and codes are numbered separately. With
`kv_cache=True`, upstream is off by one from the first code.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch

from narrated.engines.neural.causal_transformer import Attend, Block

_HEARD = 1  # upstream's code for each position of voice and text


class UnifiedVoiceTransformer:
    """Wraps a UnifiedVoice; made for each call."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.layers = len(model.gpt.h)
        self.heads = int(model.heads)
        self.head_size = int(model.model_dim) // self.heads
        self._text_positions = model.text_pos_embedding.emb.weight
        self._code_positions = model.mel_pos_embedding.emb.weight
        self.positions = 1 + len(self._text_positions) + len(self._code_positions)
        self.vocabulary = int(model.number_mel_codes)
        self.start, self.end = int(model.start_mel_token), int(model.stop_mel_token)
        self.dtype: torch.dtype = model.mel_head.weight.dtype
        self.device: torch.device = model.mel_head.weight.device

    @property
    def heard(self) -> Sequence[int]:
        """Codes that the repetition penalty counts from the start, as in upstream."""
        return (_HEARD, self.start)

    def prompt(self, latent: torch.Tensor, words: Sequence[int]) -> torch.Tensor:
        """Embeddings before the first code, (positions, width): voice, text, start sign.

        `latent` (1, width) is the voice's. Upstream appends a 0 to the text, which "may not be
        necessary", and then its end sign, also 0.
        """
        model, table = self.model, self._text_positions
        text = torch.tensor(
            [model.start_text_token, *words, 0, model.stop_text_token], device=self.device
        )
        said = model.text_embedding(text) + table[: len(text)]
        start = model.mel_embedding.weight[self.start] + self._code_positions[0]
        return torch.cat([latent.to(self.device, self.dtype), said, start[None]])

    def blocks(self) -> Iterator[Block]:
        """GPT-2's layers."""
        return (partial(_through, block, self.heads) for block in self.model.gpt.h)

    def embedded(
        self, tokens: torch.Tensor, positions: torch.Tensor, prompts: torch.Tensor
    ) -> torch.Tensor:
        """Embed codes with their positions; the start sign has position 0."""
        numbers = (positions - prompts + 1).clamp(max=len(self._code_positions) - 1)
        embedded: torch.Tensor = self.model.mel_embedding(tokens) + self._code_positions[numbers]
        return embedded

    def normed(self, hidden: torch.Tensor) -> torch.Tensor:
        """Apply GPT-2's last norm and upstream's own, in any shape (…, width)."""
        normed: torch.Tensor = self.model.final_norm(self.model.gpt.ln_f(hidden))
        return normed

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits of the next code."""
        logits: torch.Tensor = self.model.mel_head(self.normed(hidden))
        return logits


def _through(block: Any, heads: int, hidden: torch.Tensor, attend: Attend) -> torch.Tensor:
    """`hidden` (rows, positions, width) after the block: pre-norm attention, then the MLP."""
    rows, positions, width = hidden.shape
    projected = block.attn.c_attn(block.ln_1(hidden)).view(rows, positions, 3, heads, -1)
    query, key, value = projected.permute(2, 0, 3, 1, 4)
    attended = attend(query, key, value).transpose(1, 2).reshape(rows, positions, width)
    hidden = hidden + block.attn.c_proj(attended)
    after: torch.Tensor = hidden + block.mlp(block.ln_2(hidden))
    return after


def weights(model: Any) -> float:
    """Number of weights that each position is multiplied with."""
    return 12.0 * len(model.gpt.h) * int(model.model_dim) ** 2
