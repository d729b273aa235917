"""What a stage is, and what the two causal stages have in common."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.batch import Batch, Run
from narrated.engines.bark.decoder import Decoder
from narrated.engines.bark.row import Row

SLICE = 12
"""Tokens a step: a divisor of the coarse window of 60, so that windows end where a slice does."""

_DEVICE_POSITIONS = 1 << 13
_HOST_OPERATIONS = 4e11  # some seconds of a processor, after which others want their turn

NOT_A_NUMBER = "Bark's {} model gave what is not a number."


class Stage(Protocol):
    """Where rows wait and are worked; a row that is finished here goes on to the next stage."""

    @property
    def rows(self) -> Sequence[Row]:
        """All that are here."""

    def admit(self, row: Row) -> None:
        """Take a row in."""

    def at_hand(self, module: BarkModel, width: int) -> Sequence[Row]:
        """Whom `work` would bring on."""

    def work(self, module: BarkModel, width: int) -> Sequence[Row]:
        """Bring up to `width` rows on by a slice; gives those that are finished here."""

    def progress(self, row: Row) -> float:
        """How much of a row's work here is done, 0 to 1."""

    def forget(self, row: Row) -> None:
        """Let a row go."""

    def begin_again(self) -> None:
        """Let go of all memory on the device; rows that lose by it begin again."""


def rows_at_once(
    layers: int, hidden_size: int, positions: int, device: torch.device, width: int
) -> int:
    """How many rows to read so many positions of in one step.

    A pass over 1,024 positions of the full-size model takes a processor of two cores ten
    seconds, where a GPU would be half asleep.
    """
    most_positions = float(_DEVICE_POSITIONS)
    if device.type == "cpu":
        operations = 2 * 12 * layers * hidden_size**2  # a position's, as the weights go
        most_positions = _HOST_OPERATIONS / operations
    return max(1, min(width, int(most_positions / positions)))


class CausalStage(ABC):
    """Rows that wait for a slot, and those that are being continued."""

    end: int | None = None
    """The token that ends a run."""
    longest_prompt: int

    def __init__(self) -> None:
        self._waiting: deque[Row] = deque()
        self._batch: Batch | None = None

    @property
    def rows(self) -> Sequence[Row]:
        """All that are here, those that are under way first."""
        return [*(run.row for run in self._runs), *self._waiting]

    def admit(self, row: Row) -> None:
        """Queue a row until a slot is free."""
        self._waiting.append(row)

    def at_hand(self, module: BarkModel, width: int) -> Sequence[Row]:
        """Those who may join now; where nobody may, those who are under way."""
        return self._joining(module, width) or [run.row for run in self._runs]

    def work(self, module: BarkModel, width: int) -> Sequence[Row]:
        """Have waiting rows join where slots are free; else go on by a slice."""
        transformer = self._transformer(module)
        batch = self._batch or self._started(transformer, width)
        joining = self._joining(module, width)
        if joining:
            runs = [self._begun(row) for row in joining]
            finished = batch.join(transformer, runs, self._prompts(transformer, joining))
            for _ in joining:
                self._waiting.popleft()
        else:
            finished = batch.advance(transformer, SLICE)
        return list(self._through(finished))

    def progress(self, row: Row) -> float:
        """How much of a row's tokens there are; none while it waits."""
        return next((len(run.tokens) / run.limit for run in self._runs if run.row is row), 0.0)

    def forget(self, row: Row) -> None:
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
    def _runs(self) -> Sequence[Run]:
        return self._batch.runs if self._batch is not None else ()

    def _joining(self, module: BarkModel, width: int) -> list[Row]:
        config = self._transformer(module).config
        at_once = rows_at_once(
            config.num_layers, config.hidden_size, self.longest_prompt, module.device, width
        )
        free = width - len(self._runs)
        return list(islice(self._waiting, min(free, at_once)))

    def _started(self, transformer: BarkCausalModel, width: int) -> Batch:
        decoder = Decoder(transformer, width, self._length(transformer))
        vocabulary = transformer.config.output_vocab_size
        allowed = torch.stack([*self._allowed(vocabulary)]).to(decoder.device)
        self._batch = Batch(decoder, allowed, self.end)
        return self._batch

    def _through(self, finished: Iterable[Run]) -> Iterable[Row]:
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
    def _begun(self, row: Row) -> Run:
        """What a row is to say next."""

    @abstractmethod
    def _prompts(self, transformer: BarkCausalModel, rows: Sequence[Row]) -> torch.Tensor:
        """The prompts' embeddings, (rows, positions, width), each from the left."""

    @abstractmethod
    def _ended(self, run: Run) -> bool:
        """Give the row what its run said; whether it is finished here."""
