"""A batch's sampler, for a single choice."""

import torch

from narrated.engines.neural.sampler import BatchSampler, SamplingOperations


class OneChoice:
    """A choice from logits (batch, vocabulary), with the sampling parameters of each row."""

    def __init__(self, logits, choices, *, allowed=None, end=None, said=(), uniform=0.5) -> None:
        if allowed is None:
            allowed = torch.ones(logits.shape[-1], dtype=torch.bool)
        self._sampler = BatchSampler(allowed[None], end, len(choices), 1)
        rows = len(choices)
        draws = [torch.tensor([uniform], dtype=torch.float64)] * rows
        self._sampler.set(0, choices, draws, [said] * rows, [0] * rows)
        self._given = logits, torch.zeros(rows, dtype=torch.int64), SamplingOperations.of(choices)

    def scores(self) -> torch.Tensor:
        return self._sampler.scores(*self._given)

    def tokens(self) -> torch.Tensor:
        self._sampler.choose(*self._given)
        return self._sampler.tokens
