"""Adapts transformers' Bark models to narrated's decoder, block by block, with any attention."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import cast

import torch
from torch import nn
from transformers.models.bark.modeling_bark import BarkBlock, BarkCausalModel

from narrated.engines.neural.decoder import Attend, TransformerBlock


class BarkTransformer:
    """One of the two causal models, for the decoder."""

    def __init__(self, model: BarkCausalModel) -> None:
        config = model.config
        self.model = model
        self.layers = int(config.num_layers)
        self.heads = int(config.num_heads)
        self.width = int(config.hidden_size)
        self.head_size = self.width // self.heads
        self.positions = int(config.block_size)
        self.vocabulary = int(config.output_vocab_size)
        weight = model.position_embeds_layer.weight  # linear layers may be packed
        self.dtype: torch.dtype = weight.dtype
        self.device: torch.device = weight.device

    @property
    def weights(self) -> Iterable[torch.Tensor]:
        """The model's weights."""
        return self.model.parameters()

    def blocks(self) -> Iterator[TransformerBlock]:
        """Its layers, in order."""
        return (partial(through, block) for block in blocks(self.model.layers))

    def placed(self, prompts: torch.Tensor) -> torch.Tensor:
        """Add the position embeddings to embeddings (batch, positions, width)."""
        places = torch.arange(prompts.shape[1], device=prompts.device)
        placed: torch.Tensor = prompts + self.model.position_embeds_layer(places)
        return placed

    def embedded(
        self, tokens: torch.Tensor, positions: torch.Tensor, _prompts: torch.Tensor
    ) -> torch.Tensor:
        """Embeddings of tokens and of their absolute positions."""
        words = self.model.input_embeds_layer(tokens)
        embedded: torch.Tensor = words + self.model.position_embeds_layer(positions)
        return embedded

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits by the last norm and the head."""
        logits: torch.Tensor = self.model.lm_head(self.model.layernorm_final(hidden))
        return logits


def pass_weights(layers: int, width: int) -> float:
    """Weights that each position is multiplied by, in all layers."""
    return 12.0 * layers * width**2


def blocks(layers: nn.ModuleList) -> Iterable[BarkBlock]:
    """The layers with their type."""
    return cast("Iterable[BarkBlock]", layers)


def through(block: BarkBlock, hidden: torch.Tensor, attend: Attend) -> torch.Tensor:
    """Apply a block to `hidden` (batch, positions, width): pre-norm attention, then the MLP."""
    batch, positions, width = hidden.shape
    projected = block.attn.att_proj(block.layernorm_1(hidden))
    heads = projected.view(batch, positions, 3, block.attn.num_heads, -1)
    query, key, value = heads.permute(2, 0, 3, 1, 4)
    attended = attend(query, key, value).transpose(1, 2).reshape(batch, positions, width)
    hidden = hidden + block.attn.out_proj(attended)
    after: torch.Tensor = hidden + block.mlp(block.layernorm_2(hidden))
    return after
