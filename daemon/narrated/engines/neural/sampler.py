"""The next token of each sequence: transformers' logits processors for a batch, and a draw.

The order is that of transformers' `generate`: allowed tokens, priority of the end token,
repetition penalty, temperature, top k, top p.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from narrated.engines.neural.sampling import SamplingParameters

_NEVER = -float("inf")
_NO_PROBABILITY = 2.0  # no token reaches it


@dataclass(frozen=True, slots=True)
class BatchSampling:
    """Sampling parameters of a batch, as tensors on the device."""

    temperatures: torch.Tensor
    """(batch, 1); 1 for a sequence that takes the likeliest token."""
    greedy: torch.Tensor
    """(batch,)"""
    top_k: torch.Tensor
    """(batch, 1); 0 for all tokens."""
    most_k: int
    min_eos_p: torch.Tensor
    """(batch,)"""
    penalty: torch.Tensor
    """(batch, 1); 1 for no penalty."""
    has_penalty: bool
    top_p: torch.Tensor
    """(batch, 1); 1 for all tokens."""
    has_top_p: bool

    @classmethod
    def of(cls, each: Sequence[SamplingParameters], device: torch.device) -> "BatchSampling":
        """Stack the parameters of each sequence, in order."""
        return cls(
            temperatures=torch.tensor(
                [[one.temperature or 1.0] for one in each], dtype=torch.float32, device=device
            ),
            greedy=torch.tensor([one.temperature == 0 for one in each], device=device),
            top_k=torch.tensor([[one.top_k] for one in each], device=device),
            most_k=max(one.top_k for one in each),
            min_eos_p=torch.tensor(
                [one.min_eos_p or _NO_PROBABILITY for one in each],
                dtype=torch.float32,
                device=device,
            ),
            penalty=torch.tensor([[one.repetition_penalty] for one in each], device=device),
            has_penalty=any(one.repetition_penalty != 1 for one in each),
            top_p=torch.tensor([[one.top_p] for one in each], device=device),
            has_top_p=any(one.top_p < 1 for one in each),
        )


def filtered_scores(
    logits: torch.Tensor,
    allowed: torch.Tensor,
    end: int | None,
    sampling: BatchSampling,
    said: torch.Tensor | None = None,
) -> torch.Tensor:
    """Scores to draw from, (batch, vocabulary), from the model's logits.

    `allowed` (batch, vocabulary) masks the tokens, `end` is the end token, and `said`
    (batch, vocabulary) marks the tokens that a sequence already has.
    """
    scores = logits.float().masked_fill(~allowed, _NEVER)
    if end is not None:
        scores = _with_end_priority(scores, end, sampling.min_eos_p)
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


def _with_end_priority(scores: torch.Tensor, end: int, min_eos_p: torch.Tensor) -> torch.Tensor:
    ends = scores.softmax(-1)[:, end] > min_eos_p
    others = torch.ones_like(scores, dtype=torch.bool)
    others[:, end] = False
    return scores.masked_fill(ends[:, None] & others, _NEVER)


def _within_top_p(scores: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """Keep the fewest tokens that reach the probability together, and at least one.

    Of equally likely tokens those of the higher numbers stay, as in transformers.
    """
    ascending, order = scores.sort(dim=-1, stable=True)
    below = ascending.softmax(-1).cumsum(-1)
    unlikely = below <= 1 - top_p
    unlikely[:, -1] = False
    unlikely &= top_p < 1
    return scores.masked_fill(torch.zeros_like(unlikely).scatter(1, order, unlikely), _NEVER)


def draw(scores: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The token at which the running sum of probabilities passes `uniform`; last dimension.

    Double precision gives the same token on any device and in any batch, although scores differ
    there in their last bits. With `uniform` below 1 the token always has a probability.
    """
    running = scores.double().softmax(-1).cumsum(-1)
    passed = torch.searchsorted(running, uniform[..., None] * running[..., -1:], right=True)
    # NaN finds no place; an index out of range would break the device.
    return passed[..., 0].clamp(max=scores.shape[-1] - 1)


def choose(scores: torch.Tensor, uniform: torch.Tensor, sampling: BatchSampling) -> torch.Tensor:
    """The next token of each sequence, (batch,), from scores and one uniform number each."""
    return torch.where(sampling.greedy, scores.argmax(-1), draw(scores, uniform))
