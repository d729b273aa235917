"""Causal transformers over rows that join and leave a running batch.

Everything that a step reads and writes is allocated beforehand and has one of few shapes (so
many rows, so many positions in steps of `STRIDE`), and nothing in it waits for the device: a
step can be captured in a CUDA graph.
"""

import torch
from torch.nn.functional import scaled_dot_product_attention

from narrated.engines.neural.causal_transformer import CausalTransformer, causally

STRIDE = 64


def rounded(positions: int) -> int:
    """Up to the next of the few lengths that are worked with."""
    return -(-positions // STRIDE) * STRIDE


class KeyValueDecoder:
    """The keys and values of up to `rows` rows, each with `length` positions of its own.

    Rows in use are the first slots. Weights come with each call and are not kept, so that a
    model which is dropped leaves the memory.
    """

    def __init__(self, transformer: CausalTransformer, rows: int, length: int) -> None:
        self.length = min(rounded(length), transformer.positions)
        # Zeros, since what is masked out is still multiplied by nought, and memory may hold NaN.
        self._kept = torch.zeros(
            (transformer.layers, 2, rows, transformer.heads, self.length, transformer.head_size),
            dtype=transformer.dtype,
            device=transformer.device,
        )
        self._slots = torch.arange(rows, device=transformer.device)
        self._places = torch.arange(self.length, device=transformer.device)

    @property
    def device(self) -> torch.device:
        """Where keys and values are."""
        return self._kept.device

    @property
    def rows(self) -> int:
        """How many there may be."""
        return self._kept.shape[2]

    def fill(
        self,
        transformer: CausalTransformer,
        first: int,
        prompts: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Read prompts into the slots from `first` on; gives the logits (rows, vocabulary) behind.

        `prompts` (rows, positions, width) are embeddings that begin at the left; what stands
        behind a row's own length is never looked at, and overwritten as the row goes on.
        """
        rows, positions, _ = prompts.shape
        hidden = prompts
        for block, kept in zip(transformer.blocks(), self._kept, strict=True):

            def attend(
                query: torch.Tensor,
                key: torch.Tensor,
                value: torch.Tensor,
                kept: torch.Tensor = kept,
            ) -> torch.Tensor:
                kept[0, first : first + rows, :, :positions] = key
                kept[1, first : first + rows, :, :positions] = value
                return causally(query, key, value)

            hidden = block(hidden, attend)
        last = hidden[torch.arange(rows, device=hidden.device), lengths - 1]
        return transformer.logits(last)

    def step(
        self,
        transformer: CausalTransformer,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        prompts: torch.Tensor,
        span: int,
    ) -> torch.Tensor:
        """Read one token of each of the first rows; gives the logits (rows, vocabulary) behind.

        `tokens`, their `positions` and the lengths of the rows' `prompts` are (rows,); `span` is
        how many positions are looked at, more than the furthest row is on.
        """
        rows = len(tokens)
        slots = self._slots[:rows]
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
                    query, keys[:rows, :, :span], values[:rows, :, :span], attn_mask=seen
                )

            hidden = block(hidden, attend)
        return transformer.logits(hidden[:, 0])

    def move(self, source: int, target: int) -> None:
        """Have a row go on in another slot."""
        self._kept[:, :, target] = self._kept[:, :, source]
