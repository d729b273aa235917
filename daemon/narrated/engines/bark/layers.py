"""One block of a Bark transformer, whatever its attention looks at."""

from collections.abc import Callable, Iterable
from typing import cast

import torch
from torch import nn
from transformers.models.bark.modeling_bark import BarkBlock

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Queries, keys and values, each (rows, heads, positions, head size), to what is attended."""


def blocks(layers: nn.ModuleList) -> Iterable[BarkBlock]:
    """A transformer's layers as what they are."""
    return cast("Iterable[BarkBlock]", layers)


def through(block: BarkBlock, hidden: torch.Tensor, attend: Attend) -> torch.Tensor:
    """`hidden` (rows, positions, width) after the block: pre-norm attention, then the MLP."""
    rows, positions, width = hidden.shape
    projected = block.attn.att_proj(block.layernorm_1(hidden))
    heads = projected.view(rows, positions, 3, block.attn.num_heads, -1)
    query, key, value = heads.permute(2, 0, 3, 1, 4)
    attended = attend(query, key, value).transpose(1, 2).reshape(rows, positions, width)
    hidden = hidden + block.attn.out_proj(attended)
    after: torch.Tensor = hidden + block.mlp(block.layernorm_2(hidden))
    return after
