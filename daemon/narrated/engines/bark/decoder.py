"""Bark's causal transformers over rows that join and leave a running batch.

Everything that a step reads and writes is allocated beforehand and has one of few shapes (so
many rows, so many positions in steps of `STRIDE`), and nothing in it waits for the device: a
step can be captured in a CUDA graph.
"""

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.layers import blocks, through

STRIDE = 64


def rounded(positions: int) -> int:
    """Up to the next of the few lengths that are worked with."""
    return -(-positions // STRIDE) * STRIDE


class Decoder:
    """The keys and values of up to `rows` rows, each with `length` positions of its own.

    Rows in use are the first slots. Weights come with each call and are not kept, so that a
    model which is dropped leaves the memory.
    """

    def __init__(self, transformer: BarkCausalModel, rows: int, length: int) -> None:
        config = transformer.config
        weight = transformer.lm_head.weight
        self.length = min(rounded(length), config.block_size)
        head_size = config.hidden_size // config.num_heads
        # Zeros, since what is masked out is still multiplied by nought, and memory may hold NaN.
        self._kept = torch.zeros(
            (config.num_layers, 2, rows, config.num_heads, self.length, head_size),
            dtype=weight.dtype,
            device=weight.device,
        )
        self._slots = torch.arange(rows, device=weight.device)
        self._places = torch.arange(self.length, device=weight.device)

    @property
    def device(self) -> torch.device:
        """Where keys and values are."""
        return self._kept.device

    def fill(
        self,
        transformer: BarkCausalModel,
        first: int,
        prompts: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Read prompts into the slots from `first` on; gives the logits (rows, vocabulary) behind.

        `prompts` (rows, positions, width) are embeddings that begin at the left; what stands
        behind a row's own length is never looked at, and overwritten as the row goes on.
        """
        rows, positions, _ = prompts.shape
        hidden = prompts + transformer.position_embeds_layer(self._places[:positions])
        for block, kept in zip(blocks(transformer.layers), self._kept, strict=True):

            def attend(
                query: torch.Tensor,
                key: torch.Tensor,
                value: torch.Tensor,
                kept: torch.Tensor = kept,
            ) -> torch.Tensor:
                kept[0, first : first + rows, :, :positions] = key
                kept[1, first : first + rows, :, :positions] = value
                return scaled_dot_product_attention(query, key, value, is_causal=True)

            hidden = through(block, hidden, attend)
        last = hidden[torch.arange(rows, device=hidden.device), lengths - 1]
        logits: torch.Tensor = transformer.lm_head(transformer.layernorm_final(last))
        return logits

    def step(
        self,
        transformer: BarkCausalModel,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        span: int,
    ) -> torch.Tensor:
        """Read one token of each of the first rows; gives the logits (rows, vocabulary) behind.

        `tokens` and `positions` (rows,); `span` is how many positions are looked at, more than
        the furthest row is on.
        """
        rows = len(tokens)
        slots = self._slots[:rows]
        embedded = transformer.input_embeds_layer(tokens)
        hidden = (embedded + transformer.position_embeds_layer(positions))[:, None]
        seen = (self._places[:span] <= positions[:, None])[:, None, None]
        for block, kept in zip(blocks(transformer.layers), self._kept, strict=True):

            def attend(
                query: torch.Tensor,
                key: torch.Tensor,
                value: torch.Tensor,
                kept: torch.Tensor = kept,
            ) -> torch.Tensor:
                keys, values = kept
                keys[slots, :, positions] = key[:, :, 0]
                values[slots, :, positions] = value[:, :, 0]
                return scaled_dot_product_attention(
                    query, keys[:rows, :, :span], values[:rows, :, :span], attn_mask=seen
                )

            hidden = through(block, hidden, attend)
        logits: torch.Tensor = transformer.lm_head(transformer.layernorm_final(hidden[:, 0]))
        return logits

    def move(self, source: int, target: int) -> None:
        """Have a row go on in another slot."""
        self._kept[:, :, target] = self._kept[:, :, source]
