"""Decodes a causal transformer for sequences that join and leave a running batch.

A step's own tensors stand in buffers; only the model's layers and attention make some, and none
is left after it. They have one of few shapes (slots, and positions in steps of `STRIDE`), and
nothing waits for the device, so a CUDA graph can capture it.
"""

import math
import mmap
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

STRIDE = 64

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Attention of queries, keys and values, each (batch, heads, positions, head size)."""

TransformerBlock = Callable[[Tensor, Attend], Tensor]
"""One layer: maps `hidden` (batch, positions, width) to its next value."""


class CausalTransformer(Protocol):
    """Wrapper of a module. Make one for each call, so that a dropped model leaves the memory."""

    layers: int
    heads: int
    head_size: int
    positions: int
    """Number of positions that it knows."""
    vocabulary: int
    """Number of tokens that it can say."""
    dtype: torch.dtype
    device: torch.device

    @property
    def weights(self) -> Iterable[Tensor]:
        """All weights and buffers that a step may read."""

    def blocks(self) -> Iterable[TransformerBlock]:
        """Its layers, in order."""

    def embedded(self, tokens: Tensor, positions: Tensor, prompts: Tensor) -> Tensor:
        """Embeddings of its own tokens, (batch, width).

        `tokens`, `positions` and the lengths of the `prompts` before them are (batch,).
        """

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (batch, vocabulary) of the next token, from the last block's (batch, width)."""


def run_blocks(transformer: CausalTransformer, hidden: Tensor) -> Tensor:
    """Output of the last block for embeddings (batch, positions, width), aligned at the left.

    A position sees only those before it.
    """
    for block in transformer.blocks():
        hidden = block(hidden, partial(scaled_dot_product_attention, is_causal=True))
    return hidden


class KeyValueDecoder:
    """Keys and values of up to `slots` sequences, each with `length` positions.

    The first slots are in use. Each call passes the weights and none are kept, so that a dropped
    model leaves the memory.
    """

    def __init__(self, transformer: CausalTransformer, slots: int, length: int) -> None:
        self.length = min(rounded(length), transformer.positions)
        self.slots = slots
        self.device = transformer.device
        # Zeros: attention multiplies masked values by 0, and fresh memory may hold NaN.
        self._kept = _zeros(
            (transformer.layers, 2, slots, transformer.heads, self.length, transformer.head_size),
            transformer.dtype,
            self.device,
        )
        self._slots = torch.arange(slots, device=self.device)
        self._places = torch.arange(self.length, device=self.device)
        self._later = torch.empty(slots * self.length, dtype=torch.bool, device=self.device)
        self._bias = torch.empty(slots * self.length, dtype=transformer.dtype, device=self.device)

    def fill(
        self, transformer: CausalTransformer, first: int, prompts: Tensor, lengths: Tensor
    ) -> Tensor:
        """Read prompts into the slots from `first` on; returns logits (batch, vocabulary).

        `prompts` (batch, positions, width) are embeddings, aligned at the left. No position sees
        the padding after a prompt, and later tokens overwrite it.
        """
        joining, positions, _ = prompts.shape

        def attend(kept: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            kept[0, first : first + joining, :, :positions] = key
            kept[1, first : first + joining, :, :positions] = value
            return scaled_dot_product_attention(query, key, value, is_causal=True)

        hidden = self._through(transformer, prompts, attend)
        last = hidden[torch.arange(joining, device=hidden.device), lengths - 1]
        return transformer.logits(last)

    def step(
        self,
        transformer: CausalTransformer,
        tokens: Tensor,
        positions: Tensor,
        prompts: Tensor,
        span: int,
    ) -> Tensor:
        """Read one token of each slot in use; returns logits (batch, vocabulary).

        `tokens`, their `positions` and the lengths of the `prompts` are (batch,). Attention sees
        the first `span` positions, which must include the furthest sequence.
        """
        used = len(tokens)
        slots = self._slots[:used]
        hidden = transformer.embedded(tokens, positions, prompts)[:, None]
        bias = self._bias_of(positions, span)

        def attend(kept: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            keys, values = kept
            keys[slots, :, positions] = key[:, :, 0]
            values[slots, :, positions] = value[:, :, 0]
            return scaled_dot_product_attention(
                query, keys[:used, :, :span], values[:used, :, :span], attn_mask=bias
            )

        return transformer.logits(self._through(transformer, hidden, attend)[:, 0])

    def _bias_of(self, positions: Tensor, span: int) -> Tensor:
        """The mask of the positions after each sequence, (batch, 1, 1, span).

        Attention adds it. Each layer would make it of a mask of truth values.
        """
        later, bias = (
            each[: len(positions) * span].view(len(positions), span)
            for each in (self._later, self._bias)
        )
        torch.gt(self._places[:span], positions[:, None], out=later)
        return bias.zero_().masked_fill_(later, -float("inf"))[:, None, None]

    def move(self, source: int, target: int, positions: int | None = None) -> None:
        """Copy a sequence into another slot: its first positions, or all.

        On the host, a page of the slot that is not written takes neither time nor memory.
        """
        self._kept[:, :, target, :, :positions] = self._kept[:, :, source, :, :positions]

    def clear(self, slot: int) -> None:
        """Zero a slot whose values are not finite: attention to a later sequence would spread them,
        since it multiplies what it masks by 0."""
        self._kept[:, :, slot] = 0

    def _through(
        self,
        transformer: CausalTransformer,
        hidden: Tensor,
        attend: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    ) -> Tensor:
        """Output of the last block; `attend` also gets the keys and values of each block."""
        for block, kept in zip(transformer.blocks(), self._kept, strict=True):
            hidden = block(hidden, partial(attend, kept))
        return hidden


def _zeros(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros. On the host the system makes each page of them when it is first used."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    size = math.prod(shape) * dtype.itemsize
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError(f"Tried to allocate {size} bytes") from error
    return torch.frombuffer(pages, dtype=dtype).view(shape)


def rounded(positions: int) -> int:
    """Round up to a multiple of `STRIDE`."""
    return -(-positions // STRIDE) * STRIDE
