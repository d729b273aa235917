"""A running batch: rows of a causal stage, each as far as it is, brought on together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch

from narrated.engines.neural.causal_transformer import CausalTransformer
from narrated.engines.neural.decoder import KeyValueDecoder, rounded
from narrated.engines.neural.sampler import BatchSampling, chosen, scores
from narrated.engines.neural.sampling import SamplingParameters

RowT = TypeVar("RowT")


@dataclass(eq=False)
class TokenSequence(Generic[RowT]):
    """A row's prompt that is being continued."""

    row: RowT
    prompt_length: int
    choice: SamplingParameters
    draws: torch.Tensor
    """(limit,): one for each token that it may say."""
    heard: Sequence[int] = ()
    """What counts as said before, where the choice has a penalty for saying it again."""
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    """Whether it said the end, which is not among the tokens."""
    sound: bool = True
    """False once the model gave what is not a number."""

    @property
    def limit(self) -> int:
        """How many tokens it says at most."""
        return len(self.draws)

    @property
    def position(self) -> int:
        """Where its last token stands."""
        return self.prompt_length + len(self.tokens) - 1

    @property
    def finished(self) -> bool:
        """Whether nothing is to follow."""
        return self.ended or not self.sound or len(self.tokens) >= self.limit

    def take(self, tokens: Sequence[int], end: int | None, sound: bool) -> None:
        """Go on by these tokens; what stands behind the end or the limit is nothing."""
        self.sound = sound
        for token in tokens[: self.limit - len(self.tokens)]:
            if token == end:
                self.ended = True
                return
            self.tokens.append(token)


class Batch(Generic[RowT]):
    """Runs in the first slots of a decoder.

    `allowed` (phases, vocabulary) is what may be said, in turn. Nothing of a run changes until
    all that a call computes is there, so a call that found no memory can be made again.
    """

    def __init__(self, decoder: KeyValueDecoder, allowed: torch.Tensor, end: int | None) -> None:
        self.runs: list[TokenSequence[RowT]] = []
        self._decoder = decoder
        self._allowed = allowed
        self._end = end

    @property
    def slots(self) -> int:
        """How many runs there may be."""
        return self._decoder.rows

    def join(
        self,
        transformer: CausalTransformer,
        runs: Sequence[TokenSequence[RowT]],
        prompts: torch.Tensor,
    ) -> Iterator[TokenSequence[RowT]]:
        """Begin runs by their prompts (runs, positions, width) and first tokens.

        One prompt for several runs is read once. Gives those that are finished with it.
        """
        first, read = len(self.runs), runs[: len(prompts)]
        lengths = torch.tensor([run.prompt_length for run in read], device=self._decoder.device)
        logits = self._decoder.fill(transformer, first, prompts, lengths)
        for slot in range(first + len(read), first + len(runs)):
            self._decoder.move(first, slot)
        logits = logits.expand(len(runs), -1)
        slice_ = _TokenSlice(runs, 1, self._decoder.device, logits.shape[-1])
        tokens, sound = self._chosen(logits, slice_, 0)
        self._commit(runs, tokens[:, None], sound)
        self.runs += runs
        return self._left()

    def advance(self, transformer: CausalTransformer, most: int) -> Iterator[TokenSequence[RowT]]:
        """Bring every run on by up to so many tokens; gives those that are finished with it.

        The end is looked for behind the slice only, for each look waits for the device.
        """
        count = min(most, max(run.limit - len(run.tokens) for run in self.runs))
        device, last = self._decoder.device, self._decoder.length - 1
        slice_ = _TokenSlice(self.runs, count, device, transformer.vocabulary)
        tokens = torch.tensor([run.tokens[-1] for run in self.runs], device=device)
        prompts = torch.tensor([run.prompt_length for run in self.runs], device=device)
        positions = torch.tensor([run.position for run in self.runs], device=device)
        furthest = max(run.position for run in self.runs) + count
        span = min(rounded(furthest), self._decoder.length)
        said, sound = [], torch.ones(len(self.runs), dtype=torch.bool, device=device)
        for index in range(count):
            logits = self._decoder.step(transformer, tokens, positions, prompts, span)
            tokens, finite = self._chosen(logits, slice_, index)
            sound = sound & finite
            said.append(tokens)
            positions = (positions + 1).clamp(max=last)  # of rows that have ended meanwhile
        self._commit(self.runs, torch.stack(said, 1), sound)
        return self._left()

    def leave(self, run: TokenSequence[RowT]) -> None:
        """Let a run go; the last one moves into its slot."""
        slot, last = self.runs.index(run), len(self.runs) - 1
        if slot != last:
            self._decoder.move(last, slot)
            self.runs[slot] = self.runs[last]
        self.runs.pop()

    def _chosen(
        self, logits: torch.Tensor, slice_: "_TokenSlice", index: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        phases = slice_.counts[:, index] % len(self._allowed)
        said = scores(logits, self._allowed[phases], self._end, slice_.choices, slice_.heard)
        tokens = chosen(said, slice_.draws[:, index], slice_.choices)
        slice_.hear(tokens)
        return tokens, logits.isfinite().all(-1)

    def _commit(
        self, runs: Sequence[TokenSequence[RowT]], tokens: torch.Tensor, sound: torch.Tensor
    ) -> None:
        for run, said, healthy in zip(runs, tokens.tolist(), sound.tolist(), strict=True):
            run.take(said, self._end, healthy)

    def _left(self) -> Iterator[TokenSequence[RowT]]:
        finished = [run for run in self.runs if run.finished]
        for run in finished:
            self.leave(run)
        return iter(finished)


class _TokenSlice:
    """What the tokens of a slice are chosen by: brought to the device at once, beforehand."""

    def __init__(
        self, runs: Sequence[TokenSequence[RowT]], count: int, device: torch.device, vocabulary: int
    ) -> None:
        draws = torch.zeros(len(runs), count, dtype=torch.float64)
        for row, run in enumerate(runs):
            own = run.draws[len(run.tokens) : len(run.tokens) + count]
            draws[row, : len(own)] = own
        begun = torch.tensor([[len(run.tokens)] for run in runs])
        self.draws = draws.to(device)
        self.counts = (begun + torch.arange(count)).to(device)
        """(runs, count): how many tokens each run had said before."""
        self.choices = BatchSampling.of([run.choice for run in runs], device)
        self.heard = _heard(runs, vocabulary).to(device) if self.choices.has_penalty else None
        """(runs, vocabulary): what each said; None where nobody is kept from saying it again."""

    def hear(self, tokens: torch.Tensor) -> None:
        """Take down what was said, (runs,)."""
        if self.heard is not None:
            self.heard.scatter_(1, tokens[:, None], value=True)


def _heard(runs: Sequence[TokenSequence[RowT]], vocabulary: int) -> torch.Tensor:
    heard = torch.zeros(len(runs), vocabulary, dtype=torch.bool)
    for row, run in enumerate(runs):
        heard[row, [*run.heard, *run.tokens]] = True
    return heard
