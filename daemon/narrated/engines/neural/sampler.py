"""The next token of each sequence: transformers' logits processors for a batch, and a draw.

The order is that of transformers' `generate`: allowed tokens, priority of the end token,
repetition penalty, temperature, top k, top p.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from narrated.engines.neural.sampling_parameters import SamplingParameters

_NEVER = -float("inf")
_NO_PROBABILITY = 2.0  # no token reaches it


@dataclass(frozen=True, slots=True)
class BatchSampling:
    """Sampling parameters of a batch, as tensors on the device."""

    temperatures: Tensor
    """(batch, 1); 1 for a sequence that takes the likeliest token."""
    greedy: Tensor
    """(batch,)"""
    top_k: Tensor
    """(batch, 1); 0 for all tokens."""
    most_k: int
    min_eos_p: Tensor
    """(batch,)"""
    penalty: Tensor
    """(batch, 1); 1 for no penalty."""
    has_penalty: bool
    top_p: Tensor
    """(batch, 1); 1 for all tokens."""
    has_top_p: bool

    @classmethod
    def of(cls, each: Sequence[SamplingParameters], device: torch.device) -> "BatchSampling":
        """Stack the parameters of each sequence, in order."""
        temperatures = [[one.temperature or 1.0] for one in each]
        min_eos_p = [one.min_eos_p or _NO_PROBABILITY for one in each]
        return cls(
            temperatures=torch.tensor(temperatures, dtype=torch.float32, device=device),
            greedy=torch.tensor([one.temperature == 0 for one in each], device=device),
            top_k=torch.tensor([[one.top_k] for one in each], device=device),
            most_k=max(one.top_k for one in each),
            min_eos_p=torch.tensor(min_eos_p, dtype=torch.float32, device=device),
            penalty=torch.tensor([[one.repetition_penalty] for one in each], device=device),
            has_penalty=any(one.repetition_penalty != 1 for one in each),
            top_p=torch.tensor([[one.top_p] for one in each], device=device),
            has_top_p=any(one.top_p < 1 for one in each),
        )


def filtered_scores(
    logits: Tensor,
    allowed: Tensor,
    end: int | None,
    sampling: BatchSampling,
    said: Tensor | None = None,
) -> Tensor:
    """Scores to draw from, (batch, vocabulary), from the model's logits.

    `allowed` (batch, vocabulary) masks the tokens, `end` is the end token, and `said`
    (batch, vocabulary) marks the tokens that a sequence already has.
    """
    scores = logits.float().masked_fill(~allowed, _NEVER)
    if end is not None:
        others = torch.arange(scores.shape[-1], device=scores.device) != end
        ends = scores.softmax(-1)[:, end] > sampling.min_eos_p
        scores = scores.masked_fill(ends[:, None] & others, _NEVER)
    if said is not None:
        again = torch.where(scores < 0, scores * sampling.penalty, scores / sampling.penalty)
        scores = torch.where(said, again, scores)
    scores = scores / sampling.temperatures
    if sampling.most_k:
        best = scores.topk(min(sampling.most_k, scores.shape[-1])).values
        rank = (sampling.top_k - 1).clamp(0, best.shape[-1] - 1)
        least = best.gather(1, rank).masked_fill(sampling.top_k == 0, _NEVER)
        scores = scores.masked_fill(scores < least, _NEVER)
    return _within_top_p(scores, sampling.top_p) if sampling.has_top_p else scores


def _within_top_p(scores: Tensor, top_p: Tensor) -> Tensor:
    """Keep the fewest tokens that reach the probability together, and at least one.

    Of equally likely tokens those of the higher numbers stay, as in transformers.
    """
    ascending, order = scores.sort(dim=-1, stable=True)
    below = ascending.softmax(-1).cumsum(-1)
    unlikely = below <= 1 - top_p
    unlikely[:, -1] = False
    unlikely &= top_p < 1
    return scores.masked_fill(torch.zeros_like(unlikely).scatter(1, order, unlikely), _NEVER)


def draw(scores: Tensor, uniform: Tensor) -> Tensor:
    """The token at which the running sum of probabilities passes `uniform`; last dimension.

    Double precision gives the same token on any device and in any batch, although scores differ
    there in their last bits. With `uniform` below 1 the token always has a probability.
    """
    running = scores.double().softmax(-1).cumsum(-1)
    passed = torch.searchsorted(running, uniform[..., None] * running[..., -1:], right=True)
    # NaN finds no place; an index out of range would break the device.
    return passed[..., 0].clamp(max=scores.shape[-1] - 1)


def choose(scores: Tensor, uniform: Tensor, sampling: BatchSampling) -> Tensor:
    """The next token of each sequence, (batch,), from scores and one uniform number each."""
    return torch.where(sampling.greedy, scores.argmax(-1), draw(scores, uniform))
