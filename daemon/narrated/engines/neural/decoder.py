"""Keys and values of sequences that join and leave a running batch.

A step allocates nothing. Its tensors have one of few shapes (slots, and positions in steps of
`STRIDE`), and nothing in it waits for the device, so a CUDA graph can capture it.
"""

import torch
from torch.nn.functional import scaled_dot_product_attention

from narrated.engines.neural.causal_transformer import CausalTransformer, causal_attention

STRIDE = 64


def rounded(positions: int) -> int:
    """Round up to a multiple of `STRIDE`."""
    return -(-positions // STRIDE) * STRIDE


class KeyValueDecoder:
    """Keys and values of up to `slots` sequences, each with `length` positions.

    The first slots are in use. Each call passes the weights and none are kept, so that a dropped
    model leaves the memory.
    """

    def __init__(self, transformer: CausalTransformer, slots: int, length: int) -> None:
        self.length = min(rounded(length), transformer.positions)
        # Zeros: attention multiplies masked values by 0, and fresh memory may hold NaN.
        self._kept = torch.zeros(
            (transformer.layers, 2, slots, transformer.heads, self.length, transformer.head_size),
            dtype=transformer.dtype,
            device=transformer.device,
        )
        self._slots = torch.arange(slots, device=transformer.device)
        self._places = torch.arange(self.length, device=transformer.device)

    @property
    def device(self) -> torch.device:
        """Device of the keys and values."""
        return self._kept.device

    @property
    def slots(self) -> int:
        """Most sequences."""
        return self._kept.shape[2]

    def fill(
        self,
        transformer: CausalTransformer,
        first: int,
        prompts: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Read prompts into the slots from `first` on; returns logits (batch, vocabulary).

        `prompts` (batch, positions, width) are embeddings, aligned at the left. No position sees
        the padding after a prompt, and later tokens overwrite it.
        """
        joining, positions, _ = prompts.shape
        hidden = prompts
        for block, kept in zip(transformer.blocks(), self._kept, strict=True):

            def attend(
                query: torch.Tensor,
                key: torch.Tensor,
                value: torch.Tensor,
                kept: torch.Tensor = kept,
            ) -> torch.Tensor:
                kept[0, first : first + joining, :, :positions] = key
                kept[1, first : first + joining, :, :positions] = value
                return causal_attention(query, key, value)

            hidden = block(hidden, attend)
        last = hidden[torch.arange(joining, device=hidden.device), lengths - 1]
        return transformer.logits(last)

    def step(
        self,
        transformer: CausalTransformer,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        prompts: torch.Tensor,
        span: int,
    ) -> torch.Tensor:
        """Read one token of each slot in use; returns logits (batch, vocabulary).

        `tokens`, their `positions` and the lengths of the `prompts` are (batch,). Attention sees
        the first `span` positions, which must include the furthest sequence.
        """
        used = len(tokens)
        slots = self._slots[:used]
        hidden = transformer.embedded(tokens, positions, prompts)[:, None]
        seen = (self._places[:span] <= positions[:, None])[:, None, None]
        for block, kept in zip(transformer.blocks(), self._kept, strict=True):

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
                    query, keys[:used, :, :span], values[:used, :, :span], attn_mask=seen
                )

            hidden = block(hidden, attend)
        return transformer.logits(hidden[:, 0])

    def move(self, source: int, target: int) -> None:
        """Copy a sequence into another slot."""
        self._kept[:, :, target] = self._kept[:, :, source]
