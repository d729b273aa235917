"""A running batch: token sequences of one causal model that grow together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor

from narrated.engines.neural.decoder import CausalTransformer, KeyValueDecoder, rounded
from narrated.engines.neural.sampler import BatchSampler, SamplingOperations
from narrated.engines.neural.sampling_parameters import SamplingParameters
from narrated.engines.neural.slot_states import MOST_STEPS, SlotStates
from narrated.engines.neural.step_runner import StepRunner
from narrated.engines.neural.transfers import to_device

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
        self._end = end
        self._sampler = BatchSampler(allowed, end, decoder.slots, decoder.length)
        self._states = SlotStates(decoder.slots, decoder.length, decoder.device)
        self._runner = StepRunner.of(decoder.device)
        self._is_behind = False
        """True while the device is ahead of the sequences, and after a slice that failed."""

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
        slots = slice(first, first + len(joining))
        lengths = to_device(torch.tensor([each.prompt_length for each in read]), prompts.device)
        logits = self._decoder.fill(transformer, first, prompts, lengths)
        for slot in range(first + len(read), slots.stop):
            self._decoder.move(first, slot, prompts.shape[1])
        self._set(first, joining)
        self._states.begin()
        self._choose(logits.expand(len(joining), -1), slots, _operations(joining))
        self._commit(joining, slots, 1)
        self.sequences += joining
        return self._remove_finished()

    def advance(
        self, transformer: CausalTransformer, max_tokens: int
    ) -> Sequence[TokenSequence[OwnerT]]:
        """Extend every sequence by up to `max_tokens`; returns those that are finished.

        It looks for end tokens after the slice only, since each look waits for the device.
        """
        left = max(each.limit - len(each.tokens) for each in self.sequences)
        count = min(max_tokens, MOST_STEPS, left)
        if self._is_behind:
            self._set(0, self.sequences)
        furthest = max(each.position for each in self.sequences) + count
        span = min(rounded(furthest), self._decoder.length)
        slots, operations = slice(0, self._width()), _operations(self.sequences)
        self._is_behind = True
        self._states.begin()
        self._runner.use(transformer.weights)
        for _ in range(count):
            self._runner.run(
                (slots.stop, span, operations),
                lambda: self._step(transformer, slots, span, operations),
            )
        self._commit(self.sequences, slice(0, len(self.sequences)), count)
        self._is_behind = False
        return self._remove_finished()

    def remove(self, sequence: TokenSequence[OwnerT]) -> None:
        """Free a sequence's slot; the last sequence moves into it."""
        slot, last = self.sequences.index(sequence), len(self.sequences) - 1
        if slot != last:
            for each in (self._decoder, self._sampler, self._states):
                each.move(last, slot)
            self.sequences[slot] = self.sequences[last]
        if not self.sequences.pop().is_finite:
            self._decoder.clear(last)

    def _width(self) -> int:
        """Slots of a step. Where steps are captured, a power of two, so that few are."""
        used = len(self.sequences)
        return min(self.slots, 1 << (used - 1).bit_length()) if self._runner.captures else used

    def _set(self, first: int, sequences: Sequence[TokenSequence[OwnerT]]) -> None:
        """Write the sequences' states to the slots from `first` on."""
        self._states.set(
            first,
            [each.prompt_length for each in sequences],
            [len(each.tokens) for each in sequences],
        )
        self._sampler.set(
            first,
            [each.sampling for each in sequences],
            [each.uniform for each in sequences],
            [[*each.already_said, *each.tokens] for each in sequences],
            [each.tokens[-1] if each.tokens else 0 for each in sequences],
        )

    def _step(
        self,
        transformer: CausalTransformer,
        slots: slice,
        span: int,
        operations: SamplingOperations,
    ) -> None:
        """Read the last token of each slot, and choose the next, on the device alone."""
        states = self._states
        logits = self._decoder.step(
            transformer,
            self._sampler.tokens[slots],
            states.positions[slots],
            states.prompts[slots],
            span,
        )
        self._choose(logits, slots, operations)

    def _choose(self, logits: Tensor, slots: slice, operations: SamplingOperations) -> None:
        self._sampler.choose(logits, self._states.counts[slots], operations, slots.start)
        self._states.advance(slots, self._sampler.tokens[slots])

    def _commit(self, sequences: Sequence[TokenSequence[OwnerT]], slots: slice, count: int) -> None:
        steps, finite = self._states.read(slots, self._sampler.are_finite)
        tokens = zip(*steps[:count], strict=True)
        for sequence, own, is_finite in zip(sequences, tokens, finite, strict=True):
            sequence.extend(own, self._end, is_finite)

    def _remove_finished(self) -> Sequence[TokenSequence[OwnerT]]:
        finished = [each for each in self.sequences if each.finished]
        for sequence in finished:
            self.remove(sequence)
        return finished


def _operations(sequences: Sequence[TokenSequence[OwnerT]]) -> SamplingOperations:
    return SamplingOperations.of(each.sampling for each in sequences)
