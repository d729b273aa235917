"""Base of the two causal stages, semantic and coarse."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.transformer_blocks import BarkTransformer
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.running_batch import Batch, TokenSequence
from narrated.engines.neural.stage_pipeline import requests_per_pass

SLICE = 12
"""Tokens a step: a divisor of the coarse window of 60, so that a window ends with a slice."""

NOT_A_NUMBER = "Bark's {} model gave what is not a number."


def pass_weights(layers: int, width: int) -> float:
    """Weights that each position is multiplied by, in all layers."""
    return 12.0 * layers * width**2


class CausalStage(ABC):
    """Requests that wait for a slot, and a batch of those in progress."""

    end: int | None = None
    """The end token."""
    keeps_memory = True
    share: float
    longest_prompt: int

    def __init__(self) -> None:
        self._waiting: deque[BarkRequest] = deque()
        self._batch: Batch[BarkRequest] | None = None

    @property
    def requests(self) -> Sequence[BarkRequest]:
        """All requests of this stage, those in progress first."""
        return [*(sequence.owner for sequence in self._sequences), *self._waiting]

    def admit(self, request: BarkRequest) -> None:
        """Queue a request until a slot is free."""
        self._waiting.append(request)

    def next_requests(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Requests that can join now; if none can, those in progress."""
        return self._joining(module, width) or [sequence.owner for sequence in self._sequences]

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Let waiting requests join free slots, or else advance the batch by a slice."""
        transformer = BarkTransformer(self._transformer(module))
        batch = self._batch or self._started(transformer, width)
        joining = self._joining(module, width)
        if joining:
            sequences = [self._sequence(request) for request in joining]
            prompts = transformer.placed(self._prompts(transformer.model, joining))
            finished = batch.join(transformer, sequences, prompts)
            for _ in joining:
                self._waiting.popleft()
        else:
            finished = batch.advance(transformer, SLICE)
        return list(self._completed(finished))

    def progress(self, request: BarkRequest) -> float:
        """Share of the request's tokens; 0 while it waits."""
        return next(
            (
                len(sequence.tokens) / sequence.limit
                for sequence in self._sequences
                if sequence.owner is request
            ),
            0.0,
        )

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
        config = self._transformer(module).config
        weights = pass_weights(config.num_layers, config.hidden_size)
        at_once = requests_per_pass(weights, self.longest_prompt, module.device, width)
        free = width - len(self._sequences)
        return list(islice(self._waiting, min(free, at_once)))

    def _started(self, transformer: BarkTransformer, width: int) -> Batch[BarkRequest]:
        decoder = KeyValueDecoder(transformer, width, self._length(transformer.model))
        allowed = torch.stack([*self._allowed(transformer.vocabulary)]).to(decoder.device)
        self._batch = Batch(decoder, allowed, self.end)
        return self._batch

    def _completed(self, finished: Iterable[TokenSequence[BarkRequest]]) -> Iterable[BarkRequest]:
        for sequence in finished:
            if not sequence.is_finite:
                sequence.owner.problem = NOT_A_NUMBER.format(self.name)
                yield sequence.owner
            elif self._ended(sequence):
                yield sequence.owner
            else:
                self._waiting.appendleft(sequence.owner)

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the stage, for messages."""

    @abstractmethod
    def _transformer(self, module: BarkModel) -> BarkCausalModel:
        """The stage's part of the model."""

    @abstractmethod
    def _length(self, transformer: BarkCausalModel) -> int:
        """Most positions of a sequence."""

    @abstractmethod
    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        """Masks of the allowed tokens, (vocabulary,), one for each phase."""

    @abstractmethod
    def _sequence(self, request: BarkRequest) -> TokenSequence[BarkRequest]:
        """The request's next token sequence."""

    @abstractmethod
    def _prompts(
        self, transformer: BarkCausalModel, requests: Sequence[BarkRequest]
    ) -> torch.Tensor:
        """Embeddings of the prompts, (batch, positions, width), aligned at the left."""

    @abstractmethod
    def _ended(self, sequence: TokenSequence[BarkRequest]) -> bool:
        """Store the tokens in their request; True if it finished this stage."""
