"""Counters of a running batch's slots, and a slice's tokens: on the device, so that no step reads
the host."""

from collections.abc import Sequence

import torch
from torch import Tensor

from narrated.engines.neural.transfers import to_device, to_host

MOST_STEPS = 64
"""Steps of a slice that there is room for."""


class SlotStates:
    """Three counters of up to `slots` sequences of at most `length` positions, and the outcome."""

    def __init__(self, slots: int, length: int, device: torch.device) -> None:
        self._counters = torch.zeros(3, slots, dtype=torch.int64, device=device)
        self.prompts, self.positions, self.counts = self._counters
        """(slots,) each: the prompt's length, the position of the last token, tokens so far."""
        self._last = length - 1
        self._step = torch.zeros(1, dtype=torch.int64, device=device)
        # A row for each step, and one for the sequences whose logits were finite.
        self._outcome = torch.zeros(MOST_STEPS + 1, slots, dtype=torch.int64, device=device)

    def set(self, first: int, prompts: Sequence[int], counts: Sequence[int]) -> None:
        """Set the counters of the slots from `first` on."""
        positions = [prompt + count - 1 for prompt, count in zip(prompts, counts, strict=True)]
        counters = torch.tensor([list(prompts), positions, list(counts)])
        self._counters[:, first : first + len(counts)] = to_device(counters, self._step.device)

    def move(self, source: int, target: int) -> None:
        """Copy a sequence's counters into another slot."""
        self._counters[:, target] = self._counters[:, source]

    def begin(self) -> None:
        """Begin a slice."""
        self._step.zero_()

    def advance(self, slots: slice, tokens: Tensor) -> None:
        """Note the tokens (batch,) of a step, and count them."""
        self._outcome[:, slots].index_copy_(0, self._step, tokens[None])
        self._step.add_(1)
        # Sequences that ended within the slice still advance, so their positions are bounded.
        self._counters[1:, slots].add_(1).clamp_(max=self._last)

    def read(self, slots: slice, are_finite: Tensor) -> tuple[list[list[int]], list[bool]]:
        """The tokens of each step, and whether all logits were finite; waits for the device."""
        self._outcome[MOST_STEPS].copy_(are_finite)
        rows = [row[slots] for row in to_host(self._outcome).tolist()]
        return rows[:MOST_STEPS], [bool(finite) for finite in rows[MOST_STEPS]]
