"""The next token of each sequence: transformers' logits processors for a batch, and a draw.

The order is that of transformers' `generate`: allowed tokens, priority of the end token,
repetition penalty, temperature, top k, top p.

All stands in buffers of the device, made once, so that a CUDA graph can capture the choice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from narrated.engines.neural.sampling_parameters import SamplingParameters
from narrated.engines.neural.transfers import drawing_precision, draws_to_device, to_device

_NEVER = -float("inf")
_NO_PROBABILITY = 2.0  # no token reaches it


@dataclass(frozen=True, slots=True)
class SamplingOperations:
    """The processors that a batch needs; a captured step holds for equal ones."""

    most_k: int
    has_min_eos_p: bool
    has_penalty: bool
    has_top_p: bool

    @classmethod
    def of(cls, each: Iterable[SamplingParameters]) -> "SamplingOperations":
        """The processors that at least one of the sequences needs."""
        every = list(each)
        return cls(
            most_k=max(one.top_k for one in every),
            has_min_eos_p=any(one.min_eos_p for one in every),
            has_penalty=any(one.repetition_penalty != 1 for one in every),
            has_top_p=any(one.top_p < 1 for one in every),
        )


class BatchSampler:
    """Sampling parameters and random numbers of up to `slots` sequences, and their last tokens.

    `allowed` (phases, vocabulary) masks the tokens; its phases take turns. `end` is the end token.
    A sequence has at most `most_tokens`.
    """

    def __init__(self, allowed: Tensor, end: int | None, slots: int, most_tokens: int) -> None:
        (self._phases, self.vocabulary), device = allowed.shape, allowed.device
        self.tokens = torch.zeros(slots, dtype=torch.int64, device=device)
        """(slots,): the token that was chosen last."""
        self.are_finite = torch.ones(slots, dtype=torch.bool, device=device)
        """(slots,): False once a logit was infinite or NaN."""
        self._end = end
        self._forbidden = ~allowed
        self._others = torch.ones(self.vocabulary, dtype=torch.bool, device=device)
        """All but the end token."""
        if end is not None:
            self._others[end] = False
        precision = drawing_precision(device)
        self._uniform = torch.zeros(slots, most_tokens, dtype=precision, device=device)
        self._said = torch.zeros(slots, self.vocabulary, dtype=torch.bool, device=device)
        self._numbers = torch.ones(slots, len(_numbers(_LIKELIEST)), device=device)
        self._ranks = torch.zeros(slots, 1, dtype=torch.int64, device=device)
        self._of_slot = self._uniform, self._said, self._numbers, self._ranks
        self._buffers = _Buffers.of(slots, self.vocabulary, device)

    def set(
        self,
        first: int,
        parameters: Sequence[SamplingParameters],
        uniform: Sequence[Tensor],
        said: Sequence[Sequence[int]],
        last: Sequence[int],
    ) -> None:
        """Give the slots from `first` on their parameters, random numbers and tokens so far."""
        slots = slice(first, first + len(parameters))
        self.are_finite[slots] = True
        self.tokens[slots] = to_device(torch.tensor(last), self.tokens.device)
        numbers = torch.tensor([_numbers(each) for each in parameters])
        self._numbers[slots] = to_device(numbers, self.tokens.device)
        ranks = [[max(0, min(each.top_k, self.vocabulary) - 1)] for each in parameters]
        self._ranks[slots] = to_device(torch.tensor(ranks), self.tokens.device)
        drawn = torch.zeros(len(uniform), self._uniform.shape[1], dtype=torch.float64)
        for row, own in zip(drawn, uniform, strict=True):
            row[: len(own)] = own
        self._uniform[slots] = draws_to_device(drawn, self.tokens.device)
        if SamplingOperations.of(parameters).has_penalty:
            self._said[slots] = to_device(self._marked(said), self.tokens.device)

    def _marked(self, said: Sequence[Sequence[int]]) -> Tensor:
        marked = torch.zeros(len(said), self.vocabulary, dtype=torch.bool)
        for row, tokens in zip(marked, said, strict=True):
            row[list(tokens)] = True
        return marked

    def move(self, source: int, target: int) -> None:
        """Copy a sequence into another slot."""
        for each in (self.tokens, self.are_finite, *self._of_slot):
            each[target] = each[source]

    def choose(
        self, logits: Tensor, counts: Tensor, operations: SamplingOperations, first: int = 0
    ) -> None:
        """Choose `tokens` of the slots from `first` on, from logits (batch, vocabulary).

        `counts` (batch,) are the numbers of their tokens so far.
        """
        slots = slice(first, first + len(logits))
        scores = self.scores(logits, counts, operations, first)
        buffers, tokens = self._buffers, self.tokens[slots]
        torch.argmax(scores, -1, out=tokens)
        uniform = torch.gather(
            self._uniform[slots], 1, counts[:, None], out=buffers.uniform[: len(logits)]
        )
        drawn = buffers.draw(scores, uniform)
        greedy = torch.eq(self._column(_GREEDY, slots), 1, out=buffers.flags[: len(logits)])
        torch.where(greedy[:, 0], tokens, drawn, out=tokens)
        if operations.has_penalty:
            self._said[slots].scatter_(1, tokens[:, None], value=True)

    def scores(
        self, logits: Tensor, counts: Tensor, operations: SamplingOperations, first: int = 0
    ) -> Tensor:
        """Scores to draw from, (batch, vocabulary), which the next call overwrites."""
        slots = slice(first, first + len(logits))
        scores = self._buffers.scores[: len(logits)].copy_(logits)
        self._buffers.check(scores, self.are_finite[slots])
        self._forbid(scores, counts)
        if operations.has_min_eos_p and self._end is not None:
            self._end_early(scores, slots)
        if operations.has_penalty:
            self._penalize(scores, slots)
        scores.div_(self._column(_TEMPERATURE, slots))
        if operations.most_k:
            self._keep_top_k(scores, slots, min(operations.most_k, self.vocabulary))
        if operations.has_top_p:
            self._keep_top_p(scores, slots)
        return scores

    def _column(self, column: int, slots: slice) -> Tensor:
        """A parameter of each slot, (batch, 1)."""
        return self._numbers[slots, column : column + 1]

    def _forbid(self, scores: Tensor, counts: Tensor) -> None:
        forbidden = self._forbidden
        if self._phases > 1:
            phase = torch.remainder(counts, self._phases, out=self._buffers.phase[: len(scores)])
            mask = self._buffers.mask[: len(scores)]
            forbidden = torch.index_select(self._forbidden, 0, phase, out=mask)
        scores.masked_fill_(forbidden, _NEVER)

    def _end_early(self, scores: Tensor, slots: slice) -> None:
        rows, end = len(scores), self._end
        assert end is not None, "a sequence without an end has no priority of it"
        probabilities = torch.softmax(scores, -1, out=self._buffers.spare[:rows])
        least = self._column(_MIN_EOS_P, slots)
        ends = torch.gt(probabilities[:, end : end + 1], least, out=self._buffers.flags[:rows])
        scores.masked_fill_(
            torch.logical_and(ends, self._others, out=self._buffers.mask[:rows]), _NEVER
        )

    def _penalize(self, scores: Tensor, slots: slice) -> None:
        rows, penalty = len(scores), self._column(_PENALTY, slots)
        buffers = self._buffers
        larger = torch.div(scores, penalty, out=buffers.spare[:rows])
        smaller = torch.mul(scores, penalty, out=buffers.other[:rows])
        negative = torch.lt(scores, 0, out=buffers.mask[:rows])
        torch.where(negative, smaller, larger, out=larger)
        torch.where(self._said[slots], larger, scores, out=scores)

    def _keep_top_k(self, scores: Tensor, slots: slice, most_k: int) -> None:
        rows, buffers = len(scores), self._buffers
        best = torch.topk(scores, most_k, out=buffers.best(rows, most_k))[0]
        least = torch.gather(best, 1, self._ranks[slots], out=buffers.number[:rows])
        takes_all = torch.eq(self._column(_TOP_K, slots), 0, out=buffers.flags[:rows])
        least.masked_fill_(takes_all, _NEVER)
        scores.masked_fill_(torch.lt(scores, least, out=buffers.mask[:rows]), _NEVER)

    def _keep_top_p(self, scores: Tensor, slots: slice) -> None:
        """Keep the fewest tokens that reach the probability together, and at least one.

        Of equally likely tokens those of the higher numbers stay, as in transformers.
        """
        rows, buffers = len(scores), self._buffers
        ascending, order = buffers.spare[:rows], buffers.order[:rows]
        torch.sort(scores, stable=True, dim=-1, out=(ascending, order))
        probabilities = torch.softmax(ascending, -1, out=buffers.other[:rows])
        below = torch.cumsum(probabilities, -1, out=ascending)
        rest = self._column(_BEYOND_TOP_P, slots)
        unlikely = torch.le(below, rest, out=buffers.other_mask[:rows])
        unlikely[:, -1].fill_(False)
        # A sequence without a top p keeps even tokens whose probability is rounded to 0.
        unlikely.logical_and_(torch.gt(rest, 0, out=buffers.flags[:rows]))
        scores.masked_fill_(buffers.mask[:rows].scatter_(1, order, unlikely), _NEVER)


_TEMPERATURE, _GREEDY, _TOP_K, _MIN_EOS_P, _PENALTY, _BEYOND_TOP_P = range(6)
"""Columns of a slot's numbers."""

_LIKELIEST = SamplingParameters(temperature=0.0, top_k=0)


def _numbers(parameters: SamplingParameters) -> list[float]:
    one = torch.tensor(1.0)
    return [
        parameters.temperature or 1.0,
        parameters.temperature == 0,
        parameters.top_k,
        parameters.min_eos_p or _NO_PROBABILITY,
        parameters.repetition_penalty,
        float(one - parameters.top_p) if parameters.top_p < 1 else 0.0,
    ]


@dataclass(frozen=True, slots=True)
class _Buffers:
    """Room for intermediate results, (slots, vocabulary) or (slots, 1)."""

    scores: Tensor
    spare: Tensor
    other: Tensor
    doubles: Tensor
    running: Tensor
    mask: Tensor
    other_mask: Tensor
    order: Tensor
    uniform: Tensor
    number: Tensor
    place: Tensor
    flags: Tensor
    phase: Tensor
    extremes: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, slots: int, vocabulary: int, device: torch.device) -> "_Buffers":
        def wide(dtype: torch.dtype) -> Tensor:
            return torch.zeros(slots, vocabulary, dtype=dtype, device=device)

        def narrow(dtype: torch.dtype) -> Tensor:
            return torch.zeros(slots, 1, dtype=dtype, device=device)

        return cls(
            scores=wide(torch.float32),
            spare=wide(torch.float32),
            other=wide(torch.float32),
            doubles=wide(drawing_precision(device)),
            running=wide(drawing_precision(device)),
            mask=wide(torch.bool),
            other_mask=wide(torch.bool),
            order=wide(torch.int64),
            uniform=narrow(drawing_precision(device)),
            number=narrow(torch.float32),
            place=narrow(torch.int64),
            flags=narrow(torch.bool),
            phase=narrow(torch.int64)[:, 0],
            extremes=(narrow(torch.float32)[:, 0], narrow(torch.float32)[:, 0]),
        )

    def best(self, rows: int, most_k: int) -> tuple[Tensor, Tensor]:
        """Room for the best values of each row, and for their tokens."""
        values, tokens = (
            wide.view(-1)[: rows * most_k].view(rows, most_k) for wide in (self.spare, self.order)
        )
        return values, tokens

    def check(self, scores: Tensor, are_finite: Tensor) -> None:
        """Mark rows with an infinite value or NaN. Their extremes are not finite either."""
        lowest, highest = (each[: len(scores)] for each in self.extremes)
        torch.aminmax(scores, dim=-1, out=(lowest, highest))
        spread = torch.sub(highest, lowest, out=highest).mul_(0)  # NaN if it is not finite
        flags = torch.eq(spread, 0, out=self.flags[: len(scores), 0])
        are_finite.logical_and_(flags)

    def draw(self, scores: Tensor, uniform: Tensor) -> Tensor:
        """Like `draw`, (batch,), for `uniform` (batch, 1), which it overwrites."""
        rows = len(scores)
        doubles = self.doubles[:rows].copy_(scores)
        running = torch.softmax(doubles, -1, out=self.running[:rows])
        torch.cumsum(running, -1, out=doubles)
        passed = torch.searchsorted(
            doubles, uniform.mul_(doubles[:, -1:]), right=True, out=self.place[:rows]
        )
        return passed.clamp_(max=scores.shape[-1] - 1)[:, 0]


def draw(scores: Tensor, uniform: Tensor) -> Tensor:
    """The token at which the running sum of probabilities passes `uniform`; last dimension.

    Double precision gives the same token on any device and in any batch, although scores differ
    there in their last bits; on an Apple GPU it is single. With `uniform` below 1 the token always
    has a probability.
    """
    running = scores.to(uniform.dtype).softmax(-1).cumsum(-1)
    passed = torch.searchsorted(running, uniform[..., None] * running[..., -1:], right=True)
    # NaN finds no place; an index out of range would break the device.
    return passed[..., 0].clamp(max=scores.shape[-1] - 1)
