"""The next token of each row: transformers' logits processors, row by row, and a draw.

The order is that of transformers' `generate`: what may be said, then the end's priority, then
the penalty for saying it again, then temperature, then top k, then top p.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from narrated.engines.neural.sampling import SamplingParameters

_NEVER = -float("inf")
_NO_PROBABILITY = 2.0  # one that no token reaches


@dataclass(frozen=True, slots=True)
class BatchSampling:
    """How each of some rows chooses, on the device that computes."""

    temperatures: torch.Tensor
    """(rows, 1); 1 where the likeliest is taken."""
    greedy: torch.Tensor
    """(rows,)"""
    top_k: torch.Tensor
    """(rows, 1); 0 where all are drawn from."""
    most_k: int
    min_eos_p: torch.Tensor
    """(rows,)"""
    penalty: torch.Tensor
    """(rows, 1); 1 where nothing is kept from being said again."""
    has_penalty: bool
    top_p: torch.Tensor
    """(rows, 1); 1 where all are drawn from."""
    has_top_p: bool

    @classmethod
    def of(cls, choices: Sequence[SamplingParameters], device: torch.device) -> "BatchSampling":
        """Those of rows, in their order."""
        temperatures = [[choice.temperature or 1.0] for choice in choices]
        return cls(
            temperatures=torch.tensor(temperatures, dtype=torch.float32, device=device),
            greedy=torch.tensor([choice.temperature == 0 for choice in choices], device=device),
            top_k=torch.tensor([[choice.top_k] for choice in choices], device=device),
            most_k=max(choice.top_k for choice in choices),
            min_eos_p=torch.tensor(
                [choice.min_eos_p or _NO_PROBABILITY for choice in choices],
                dtype=torch.float32,
                device=device,
            ),
            penalty=torch.tensor(
                [[choice.repetition_penalty] for choice in choices], device=device
            ),
            has_penalty=any(choice.repetition_penalty != 1 for choice in choices),
            top_p=torch.tensor([[choice.top_p] for choice in choices], device=device),
            has_top_p=any(choice.top_p < 1 for choice in choices),
        )


def scores(
    logits: torch.Tensor,
    allowed: torch.Tensor,
    end: int | None,
    choices: BatchSampling,
    heard: torch.Tensor | None = None,
) -> torch.Tensor:
    """What is drawn from, (rows, vocabulary), from the model's logits.

    `allowed` (rows, vocabulary) is what may be said now, `end` the token that ends a row, `heard`
    (rows, vocabulary) what was said before.
    """
    said = logits.float().masked_fill(~allowed, _NEVER)
    if end is not None:
        ends = said.softmax(-1)[:, end] > choices.min_eos_p
        others = torch.ones_like(allowed)
        others[:, end] = False
        said = said.masked_fill(ends[:, None] & others, _NEVER)
    if heard is not None:
        again = torch.where(said < 0, said * choices.penalty, said / choices.penalty)
        said = torch.where(heard, again, said)
    said = said / choices.temperatures
    if choices.most_k:
        best = said.topk(min(choices.most_k, said.shape[-1])).values
        rank = (choices.top_k - 1).clamp(0, best.shape[-1] - 1)
        least = best.gather(1, rank).masked_fill(choices.top_k == 0, _NEVER)
        said = said.masked_fill(said < least, _NEVER)
    return _likeliest(said, choices.top_p) if choices.has_top_p else said


def _likeliest(said: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """Leave the fewest that have the probability together, and one at least.

    Where several are equally likely, those of the higher numbers stay, as in transformers.
    """
    ascending, order = said.sort(dim=-1, stable=True)
    below = ascending.softmax(-1).cumsum(-1)
    unlikely = below <= 1 - top_p
    unlikely[:, -1] = False
    unlikely &= top_p < 1
    return said.masked_fill(torch.zeros_like(unlikely).scatter(1, order, unlikely), _NEVER)


def drawn(said: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """The token where the running sum of probabilities passes the draw; over the last dimension.

    In double precision, so that the same draw falls on the same token whatever device or batch
    the scores come from: they differ in their last bits. `draws` below 1 never pass the last
    token that has a probability.
    """
    running = said.double().softmax(-1).cumsum(-1)
    passed = torch.searchsorted(running, draws[..., None] * running[..., -1:], right=True)
    # Of what is not a number nothing is found; an index out of range would break the device.
    return passed[..., 0].clamp(max=said.shape[-1] - 1)


def chosen(said: torch.Tensor, draws: torch.Tensor, choices: BatchSampling) -> torch.Tensor:
    """The next token of each row, (rows,), from scores and one draw for each."""
    return torch.where(choices.greedy, said.argmax(-1), drawn(said, draws))
