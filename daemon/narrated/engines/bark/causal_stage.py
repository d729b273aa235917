"""Base of the two causal stages, semantic and coarse."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.request import NOT_FINITE, BarkRequest
from narrated.engines.bark.transformer_adapter import BarkTransformer, pass_weights
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.running_batch import RunningBatch, TokenSequence
from narrated.engines.neural.stage_pipeline import Stage, requests_per_pass
from narrated.engines.neural.transfers import to_device

SLICE = 12
"""Tokens a step: a divisor of the coarse window of 60, so that a window ends with a slice."""


class CausalStage(Stage[BarkModel, BarkRequest], ABC):
    """Requests that wait for a slot, and a batch of those in progress."""

    name: str
    """For messages."""
    end: int | None = None
    """The end token."""
    longest_prompt: int
    most_new: int
    """Most tokens that follow a prompt."""
    keeps_memory = True
    has_slots = True

    def __init__(self) -> None:
        super().__init__()
        self._batch: RunningBatch[BarkRequest] | None = None

    @property
    def requests(self) -> Sequence[BarkRequest]:
        """All requests of this stage, those in progress first."""
        return [*(sequence.owner for sequence in self._sequences), *self._waiting]

    def next_requests(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Requests that can join now; if none can, those in progress."""
        return self._joining(module, width) or [sequence.owner for sequence in self._sequences]

    def full_batch(self, module: BarkModel, width: int) -> int:
        """Number of its slots."""
        return width

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Let waiting requests join free slots, or else advance the batch by a slice."""
        transformer = BarkTransformer(self._model(module))
        batch = self._batch or self._started(transformer, width)
        joining = self._joining(module, width)
        if not joining:
            return list(self._completed(batch.advance(transformer, SLICE)))
        sequences = [self._sequence(request) for request in joining]
        prompts = transformer.placed(self._prompts(transformer.model, joining))
        finished = batch.join(transformer, sequences, prompts)
        for _ in joining:
            self._waiting.popleft()
        return list(self._completed(finished))

    def progress(self, request: BarkRequest) -> float:
        """Share of the request's tokens; it has coarse ones only in the coarse stage."""
        made = sum(len(each.tokens) for each in self._sequences if each.owner is request)
        return (len(request.coarse) + made) / self._total(request)

    def forget(self, request: BarkRequest) -> None:
        """Remove a request from the queue or the batch."""
        for sequence in self._sequences:
            if sequence.owner is request and self._batch is not None:
                self._batch.remove(sequence)
                return
        self._waiting.remove(request)

    def restart(self) -> None:
        """Drop keys and values; requests in progress are the first to rejoin."""
        self._waiting.extendleft(sequence.owner for sequence in reversed(self._sequences))
        self._batch = None

    @property
    def _sequences(self) -> Sequence[TokenSequence[BarkRequest]]:
        return self._batch.sequences if self._batch is not None else ()

    def _joining(self, module: BarkModel, width: int) -> list[BarkRequest]:
        if not self._may_join():
            return []
        config = self._model(module).config
        weights = pass_weights(config.num_layers, config.hidden_size)
        at_once = requests_per_pass(weights, self.longest_prompt, module.device, width)
        return list(islice(self._waiting, min(width - len(self._sequences), at_once)))

    def _may_join(self) -> bool:
        """True if requests may join those in progress."""
        return True

    def _started(self, transformer: BarkTransformer, width: int) -> RunningBatch[BarkRequest]:
        # The model never reads the last token, so it needs no position.
        decoder = KeyValueDecoder(transformer, width, self.longest_prompt + self.most_new - 1)
        allowed = torch.stack([*self._allowed(transformer.vocabulary)])
        self._batch = RunningBatch(decoder, to_device(allowed, decoder.device), self.end)
        return self._batch

    def _completed(self, finished: Iterable[TokenSequence[BarkRequest]]) -> Iterable[BarkRequest]:
        for sequence in finished:
            if not sequence.is_finite:
                sequence.owner.problem = NOT_FINITE.format(self.name)
                yield sequence.owner
            elif self._ended(sequence):
                yield sequence.owner
            else:
                self._waiting.appendleft(sequence.owner)

    @abstractmethod
    def _model(self, module: BarkModel) -> BarkCausalModel:
        """The stage's part of the model."""

    @abstractmethod
    def _total(self, request: BarkRequest) -> int:
        """Most tokens of the request in this stage."""

    @abstractmethod
    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        """Masks of the allowed tokens, (vocabulary,), one for each phase."""

    @abstractmethod
    def _sequence(self, request: BarkRequest) -> TokenSequence[BarkRequest]:
        """The request's next token sequence."""

    @abstractmethod
    def _prompts(self, model: BarkCausalModel, requests: Sequence[BarkRequest]) -> torch.Tensor:
        """Embeddings of the prompts, (batch, positions, width), aligned at the left."""

    @abstractmethod
    def _ended(self, sequence: TokenSequence[BarkRequest]) -> bool:
        """Store the tokens in their request; True if it finished this stage."""
