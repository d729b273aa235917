"""What the two causal stages have in common."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.transformer_blocks import BarkTransformer
from narrated.engines.neural.batch import Batch, TokenSequence
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.stage_pipeline import rows_at_once

SLICE = 12
"""Tokens a step: a divisor of the coarse window of 60, so that windows end where a slice does."""

NOT_A_NUMBER = "Bark's {} model gave what is not a number."


def pass_weights(layers: int, width: int) -> float:
    """How many weights a position meets on its way through so many layers."""
    return 12.0 * layers * width**2


class CausalStage(ABC):
    """Rows that wait for a slot, and those that are being continued."""

    end: int | None = None
    """The token that ends a run."""
    keeps = True
    share: float
    longest_prompt: int

    def __init__(self) -> None:
        self._waiting: deque[BarkRequest] = deque()
        self._batch: Batch[BarkRequest] | None = None

    @property
    def rows(self) -> Sequence[BarkRequest]:
        """All that are here, those that are under way first."""
        return [*(run.row for run in self._runs), *self._waiting]

    def admit(self, row: BarkRequest) -> None:
        """Queue a row until a slot is free."""
        self._waiting.append(row)

    def at_hand(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Those who may join now; where nobody may, those who are under way."""
        return self._joining(module, width) or [run.row for run in self._runs]

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Have waiting rows join where slots are free; else go on by a slice."""
        transformer = BarkTransformer(self._transformer(module))
        batch = self._batch or self._started(transformer, width)
        joining = self._joining(module, width)
        if joining:
            runs = [self._begun(row) for row in joining]
            prompts = transformer.placed(self._prompts(transformer.model, joining))
            finished = batch.join(transformer, runs, prompts)
            for _ in joining:
                self._waiting.popleft()
        else:
            finished = batch.advance(transformer, SLICE)
        return list(self._through(finished))

    def progress(self, row: BarkRequest) -> float:
        """How much of a row's tokens there are; none while it waits."""
        return next((len(run.tokens) / run.limit for run in self._runs if run.row is row), 0.0)

    def forget(self, row: BarkRequest) -> None:
        """Let a row go, wherever it is."""
        for run in self._runs:
            if run.row is row and self._batch is not None:
                self._batch.leave(run)
                return
        self._waiting.remove(row)

    def begin_again(self) -> None:
        """Drop keys and values; rows under way are the first to join again."""
        self._waiting.extendleft(run.row for run in reversed(self._runs))
        self._batch = None

    @property
    def _runs(self) -> Sequence[TokenSequence[BarkRequest]]:
        return self._batch.runs if self._batch is not None else ()

    def _joining(self, module: BarkModel, width: int) -> list[BarkRequest]:
        config = self._transformer(module).config
        weights = pass_weights(config.num_layers, config.hidden_size)
        at_once = rows_at_once(weights, self.longest_prompt, module.device, width)
        free = width - len(self._runs)
        return list(islice(self._waiting, min(free, at_once)))

    def _started(self, transformer: BarkTransformer, width: int) -> Batch[BarkRequest]:
        decoder = KeyValueDecoder(transformer, width, self._length(transformer.model))
        allowed = torch.stack([*self._allowed(transformer.vocabulary)]).to(decoder.device)
        self._batch = Batch(decoder, allowed, self.end)
        return self._batch

    def _through(self, finished: Iterable[TokenSequence[BarkRequest]]) -> Iterable[BarkRequest]:
        for run in finished:
            if not run.sound:
                run.row.problem = NOT_A_NUMBER.format(self.name)
                yield run.row
            elif self._ended(run):
                yield run.row
            else:
                self._waiting.appendleft(run.row)

    @property
    @abstractmethod
    def name(self) -> str:
        """As it is called."""

    @abstractmethod
    def _transformer(self, module: BarkModel) -> BarkCausalModel:
        """Its own part of the model."""

    @abstractmethod
    def _length(self, transformer: BarkCausalModel) -> int:
        """How many positions a row can take."""

    @abstractmethod
    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        """What may be said, (vocabulary,), in each of the phases that take turns."""

    @abstractmethod
    def _begun(self, row: BarkRequest) -> TokenSequence[BarkRequest]:
        """What a row is to say next."""

    @abstractmethod
    def _prompts(self, transformer: BarkCausalModel, rows: Sequence[BarkRequest]) -> torch.Tensor:
        """The prompts' embeddings, (rows, positions, width), each from the left."""

    @abstractmethod
    def _ended(self, run: TokenSequence[BarkRequest]) -> bool:
        """Give the row what its run said; whether it is finished here."""
