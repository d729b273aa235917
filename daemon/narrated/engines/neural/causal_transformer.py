"""A causal transformer as the decoder uses it, whatever library made its modules."""

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch.nn.functional import scaled_dot_product_attention

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Attention of queries, keys and values, each (batch, heads, positions, head size)."""

Block = Callable[[torch.Tensor, Attend], torch.Tensor]
"""One layer: maps `hidden` (batch, positions, width) to its next value."""


class CausalTransformer(Protocol):
    """Wrapper of a module. Make one for each call, so that a dropped model leaves the memory."""

    @property
    def layers(self) -> int:
        """Number of blocks."""

    @property
    def heads(self) -> int:
        """Attention heads of each block."""

    @property
    def head_size(self) -> int:
        """Width of a head."""

    @property
    def positions(self) -> int:
        """Number of positions that it knows."""

    @property
    def vocabulary(self) -> int:
        """Number of tokens that it can say."""

    @property
    def dtype(self) -> torch.dtype:
        """Precision of its weights."""

    @property
    def device(self) -> torch.device:
        """Device of its weights."""

    def blocks(self) -> Iterable[Block]:
        """Its layers, in order."""

    def embedded(
        self, tokens: torch.Tensor, positions: torch.Tensor, prompts: torch.Tensor
    ) -> torch.Tensor:
        """Embeddings of its own tokens, (batch, width).

        `tokens`, `positions` and the lengths of the `prompts` before them are (batch,).
        """

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (batch, vocabulary) of the next token, from the last block's (batch, width)."""


def run_blocks(transformer: CausalTransformer, hidden: torch.Tensor) -> torch.Tensor:
    """Output of the last block for embeddings (batch, positions, width), aligned at the left.

    A position sees only those before it.
    """
    for block in transformer.blocks():
        hidden = block(hidden, causal_attention)
    return hidden


def causal_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Attention to a position and those before it."""
    return scaled_dot_product_attention(query, key, value, is_causal=True)
