"""A causal transformer as the decoder sees it, whoever made its modules."""

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch.nn.functional import scaled_dot_product_attention

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Queries, keys and values, each (rows, heads, positions, head size), to what is attended."""

Block = Callable[[torch.Tensor, Attend], torch.Tensor]
"""`hidden` (rows, positions, width) to what one layer makes of it."""


class CausalTransformer(Protocol):
    """Made around a module for each call and not kept, so that a model that leaves is let go."""

    @property
    def layers(self) -> int:
        """How many blocks there are."""

    @property
    def heads(self) -> int:
        """Of attention, in each block."""

    @property
    def head_size(self) -> int:
        """The width of each."""

    @property
    def positions(self) -> int:
        """How many it knows."""

    @property
    def vocabulary(self) -> int:
        """How many tokens it may say."""

    @property
    def dtype(self) -> torch.dtype:
        """Of its weights."""

    @property
    def device(self) -> torch.device:
        """Where they are."""

    def blocks(self) -> Iterable[Block]:
        """Its layers, the first one first."""

    def embedded(
        self, tokens: torch.Tensor, positions: torch.Tensor, prompts: torch.Tensor
    ) -> torch.Tensor:
        """What it reads of tokens that it said, (rows, width).

        `tokens`, `positions` and the lengths of the `prompts` before are (rows,).
        """

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Of what comes next, (rows, vocabulary), from what the last block gave, (rows, width)."""


def read(transformer: CausalTransformer, hidden: torch.Tensor) -> torch.Tensor:
    """What the last block gives of embeddings, (rows, positions, width), that begin at the left.

    What stands behind a position is not looked at from there.
    """
    for block in transformer.blocks():
        hidden = block(hidden, causally)
    return hidden


def causally(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Attention to what is not behind."""
    return scaled_dot_product_attention(query, key, value, is_causal=True)
