"""A running batch: token sequences of one causal model that grow together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor

from narrated.engines.neural.decoder import CausalTransformer, KeyValueDecoder, rounded
from narrated.engines.neural.sampler import BatchSampling, choose, filtered_scores
from narrated.engines.neural.sampling_parameters import SamplingParameters

OwnerT = TypeVar("OwnerT")


@dataclass(eq=False)
class TokenSequence(Generic[OwnerT]):
    """A prompt of `owner`, and the tokens that continue it."""

    owner: OwnerT
    prompt_length: int
    sampling: SamplingParameters
    uniform: Tensor
    """(limit,): one random number for each token, from 0 to 1."""
    already_said: Sequence[int] = ()
    """Tokens of the prompt that the repetition penalty counts too."""
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    """True once the model chose the end token, which `tokens` leaves out."""
    is_finite: bool = True
    """False once a logit was infinite or NaN."""

    @property
    def limit(self) -> int:
        """Most tokens."""
        return len(self.uniform)

    @property
    def position(self) -> int:
        """Position of the last token."""
        return self.prompt_length + len(self.tokens) - 1

    @property
    def finished(self) -> bool:
        """True if no token is to follow."""
        return self.ended or not self.is_finite or len(self.tokens) >= self.limit

    def extend(self, tokens: Sequence[int], end: int | None, is_finite: bool) -> None:
        """Append tokens; drops all from the end token or the limit on."""
        self.is_finite = is_finite
        for token in tokens[: self.limit - len(self.tokens)]:
            if token == end:
                self.ended = True
                return
            self.tokens.append(token)


class RunningBatch(Generic[OwnerT]):
    """Sequences in the first slots of a decoder.

    `allowed` (phases, vocabulary) masks the tokens; its phases take turns. A call changes the
    sequences only at its end, so the caller can retry it after OutOfMemory.
    """

    def __init__(self, decoder: KeyValueDecoder, allowed: Tensor, end: int | None) -> None:
        self.sequences: list[TokenSequence[OwnerT]] = []
        self.slots = decoder.slots
        self._decoder = decoder
        self._allowed = allowed
        self._end = end

    def join(
        self,
        transformer: CausalTransformer,
        joining: Sequence[TokenSequence[OwnerT]],
        prompts: Tensor,
    ) -> Sequence[TokenSequence[OwnerT]]:
        """Read prompts (sequences, positions, width) and choose the first tokens.

        A single prompt serves all joining sequences. Returns the sequences that are finished.
        """
        first, read = len(self.sequences), joining[: len(prompts)]
        lengths = self._tensor(each.prompt_length for each in read)
        logits = self._decoder.fill(transformer, first, prompts, lengths)
        for slot in range(first + len(read), first + len(joining)):
            self._decoder.move(first, slot)
        logits = logits.expand(len(joining), -1)
        slice_ = _TokenSlice(joining, 1, self._decoder.device, logits.shape[-1])
        tokens, is_finite = self._chosen(logits, slice_, 0)
        self._commit(joining, tokens[:, None], is_finite)
        self.sequences += joining
        return self._remove_finished()

    def advance(
        self, transformer: CausalTransformer, max_tokens: int
    ) -> Sequence[TokenSequence[OwnerT]]:
        """Extend every sequence by up to `max_tokens`; returns those that are finished.

        It looks for end tokens after the slice only, since each look waits for the device.
        """
        count = min(max_tokens, max(each.limit - len(each.tokens) for each in self.sequences))
        slice_ = _TokenSlice(self.sequences, count, self._decoder.device, transformer.vocabulary)
        tokens = self._tensor(each.tokens[-1] for each in self.sequences)
        prompts = self._tensor(each.prompt_length for each in self.sequences)
        positions = self._tensor(each.position for each in self.sequences)
        furthest = max(each.position for each in self.sequences) + count
        span = min(rounded(furthest), self._decoder.length)
        chosen, all_finite = [], torch.ones_like(tokens, dtype=torch.bool)
        for index in range(count):
            logits = self._decoder.step(transformer, tokens, positions, prompts, span)
            tokens, is_finite = self._chosen(logits, slice_, index)
            all_finite = all_finite & is_finite
            chosen.append(tokens)
            # Sequences that ended within the slice still advance, so their positions are bounded.
            positions = (positions + 1).clamp(max=self._decoder.length - 1)
        self._commit(self.sequences, torch.stack(chosen, 1), all_finite)
        return self._remove_finished()

    def remove(self, sequence: TokenSequence[OwnerT]) -> None:
        """Free a sequence's slot; the last sequence moves into it."""
        slot, last = self.sequences.index(sequence), len(self.sequences) - 1
        if slot != last:
            self._decoder.move(last, slot)
            self.sequences[slot] = self.sequences[last]
        self.sequences.pop()

    def _tensor(self, numbers: Iterable[int]) -> Tensor:
        return torch.tensor(list(numbers), device=self._decoder.device)

    def _chosen(self, logits: Tensor, slice_: "_TokenSlice", index: int) -> tuple[Tensor, Tensor]:
        allowed = self._allowed[slice_.counts[:, index] % len(self._allowed)]
        scores = filtered_scores(logits, allowed, self._end, slice_.sampling, slice_.said)
        tokens = choose(scores, slice_.uniform[:, index], slice_.sampling)
        if slice_.said is not None:
            slice_.said.scatter_(1, tokens[:, None], value=True)
        return tokens, logits.isfinite().all(-1)

    def _commit(
        self, sequences: Sequence[TokenSequence[OwnerT]], tokens: Tensor, is_finite: Tensor
    ) -> None:
        told = zip(sequences, tokens.tolist(), is_finite.tolist(), strict=True)
        for sequence, own, finite in told:
            sequence.extend(own, self._end, finite)

    def _remove_finished(self) -> Sequence[TokenSequence[OwnerT]]:
        finished = [each for each in self.sequences if each.finished]
        for sequence in finished:
            self.remove(sequence)
        return finished


class _TokenSlice:
    """Inputs of the sampler for one slice, copied to the device at once before it begins."""

    def __init__(
        self,
        sequences: Sequence[TokenSequence[OwnerT]],
        count: int,
        device: torch.device,
        vocabulary: int,
    ) -> None:
        uniform = torch.zeros(len(sequences), count, dtype=torch.float64)
        for slot, each in enumerate(sequences):
            own = each.uniform[len(each.tokens) : len(each.tokens) + count]
            uniform[slot, : len(own)] = own
        begun = torch.tensor([[len(each.tokens)] for each in sequences])
        self.uniform = uniform.to(device)
        self.counts = (begun + torch.arange(count)).to(device)
        """(sequences, count): tokens of each sequence before each choice."""
        self.sampling = BatchSampling.of([each.sampling for each in sequences], device)
        self.said = _said(sequences, vocabulary).to(device) if self.sampling.has_penalty else None
        """(sequences, vocabulary): tokens already said; None if no sequence has a penalty."""


def _said(sequences: Sequence[TokenSequence[OwnerT]], vocabulary: int) -> Tensor:
    said = torch.zeros(len(sequences), vocabulary, dtype=torch.bool)
    for slot, each in enumerate(sequences):
        said[slot, [*each.already_said, *each.tokens]] = True
    return said
