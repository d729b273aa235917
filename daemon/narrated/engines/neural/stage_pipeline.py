"""Stages in a line: rows go from one to the next, each worked on where it is.

The earliest stage that has rows is worked first, so that rows gather into full batches behind
it. No row starves by that: a new one comes only when another is finished.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import torch
from torch import nn

from narrated.engines.interface import Outcome, ProgressReport, RequestFailure, SpeechResult
from narrated.engines.neural.torch_model import TorchModel

_ENOUGH = 4
"""After so many batches with fewer rows it is tried again whether there is room for more."""

_DEVICE_POSITIONS = 1 << 13
_HOST_OPERATIONS = 4e11  # some seconds of a processor, after which others want their turn

_LOUDEST = 32767

ModuleT = TypeVar("ModuleT", bound=nn.Module)
ModuleContraT = TypeVar("ModuleContraT", bound=nn.Module, contravariant=True)


class StagedRequest(Protocol):
    """An utterance on its way."""

    id: str
    is_silent: bool
    """Whether it has nothing to say: then the last stage alone sees it."""
    pcm: bytes
    problem: str
    """Why it cannot be finished; empty while it can."""
    is_unavailable: bool
    """Whether it may be finished later, where it has a problem."""
    remedy: str


RowT = TypeVar("RowT", bound=StagedRequest)


class Stage(Protocol[ModuleContraT, RowT]):
    """Where rows wait and are worked; a row that is finished here goes on to the next stage."""

    share: float
    """How much of a row's time goes by here, about; of all stages together it is 1."""

    keeps: bool
    """Whether memory of the device is kept between two steps."""

    @property
    def rows(self) -> Sequence[RowT]:
        """All that are here."""

    def admit(self, row: RowT) -> None:
        """Take a row in."""

    def at_hand(self, module: ModuleContraT, width: int) -> Sequence[RowT]:
        """Whom `work` would bring on."""

    def work(self, module: ModuleContraT, width: int) -> Sequence[RowT]:
        """Bring up to `width` rows on by a slice; gives those that are finished here."""

    def progress(self, row: RowT) -> float:
        """How much of a row's work here is done, 0 to 1."""

    def forget(self, row: RowT) -> None:
        """Let a row go."""

    def begin_again(self) -> None:
        """Let go of all memory on the device; rows that lose by it begin again."""


class QueueStage(Generic[ModuleContraT, RowT]):
    """What stages have in common where rows wait, and nothing is kept on the device."""

    keeps = False

    def __init__(self) -> None:
        self._waiting: deque[RowT] = deque()

    @property
    def rows(self) -> Sequence[RowT]:
        """All that are here."""
        return list(self._waiting)

    def admit(self, row: RowT) -> None:
        """Queue a row."""
        self._waiting.append(row)

    def at_hand(self, module: ModuleContraT, width: int) -> Sequence[RowT]:
        """The first."""
        return [self._waiting[0]]

    def progress(self, row: RowT) -> float:
        """It is here or gone."""
        return 0.0

    def forget(self, row: RowT) -> None:
        """Let a row go."""
        self._waiting.remove(row)

    def begin_again(self) -> None:
        """There is nothing to let go of."""


class StagePipeline(Generic[ModuleT, RowT]):
    """Works up to `width` at once, which begins as `most`, and shrinks where memory does.

    `rows` is how many may be in flight; `most` where it is not given.
    """

    def __init__(
        self,
        model: TorchModel[ModuleT],
        stages: Sequence[Stage[ModuleT, RowT]],
        most: int,
        sample_rate: int,
        rows: int | None = None,
    ) -> None:
        self.width = most
        self._most = most
        self._rows = most if rows is None else rows
        self._finished = 0
        """Rows since the width changed last."""
        self._model = model
        self.sample_rate = sample_rate
        self._stages = stages

    def admit(self, row: RowT) -> None:
        """Take a row in; one that is silent goes straight to the end."""
        self._stages[-1 if row.is_silent else 0].admit(row)

    def step(self) -> Sequence[Outcome]:
        """Bring the rows of the earliest stage that has any a little further."""
        index, stage = next(
            (index, stage) for index, stage in enumerate(self._stages) if stage.rows
        )
        module = self._model.module
        rows = stage.at_hand(module, self.width)
        with self._model.device.at_work([row.id for row in rows]), torch.no_grad():
            finished = stage.work(module, self.width)
        outcomes = [self._passed_on(row, index) for row in finished]
        outcomes += self._progressed(rows, finished, index)
        self._finished += sum(isinstance(each, SpeechResult) for each in outcomes)
        is_idle = not any(stage.rows for stage in self._stages)
        keeps_nothing = not any(stage.keeps and stage.rows for stage in self._stages)
        if is_idle or (keeps_nothing and self._finished >= _ENOUGH * self._rows):
            self._widen()
        return outcomes

    def cancel(self, id: str) -> None:
        """Forget a row, wherever it is."""
        for stage in self._stages:
            for row in stage.rows:
                if row.id == id:
                    stage.forget(row)

    def shrink(self) -> bool:
        """Halve the width; False where it is one already."""
        if self.width == 1:
            return False
        self.width //= 2
        self._finished = 0
        self.release()
        return True

    def release(self) -> None:
        """Let go of all memory but the weights; rows begin their stage again."""
        for stage in self._stages:
            stage.begin_again()

    def _widen(self) -> None:
        """Where memory was short once it may be there again, for whoever comes next."""
        if self.width < self._most:
            self.width = min(self._most, 2 * self.width)
            self._finished = 0
            self.release()

    def _passed_on(self, row: RowT, index: int) -> Outcome:
        if row.problem:
            return RequestFailure(row.id, row.problem, row.remedy, row.is_unavailable)
        if index == len(self._stages) - 1:
            return SpeechResult(row.id, row.pcm, self.sample_rate)
        self._stages[-1 if row.is_silent else index + 1].admit(row)
        return ProgressReport(row.id, self._shares_before(index + 1))

    def _progressed(
        self, rows: Sequence[RowT], finished: Sequence[RowT], index: int
    ) -> Iterator[ProgressReport]:
        for row in rows:
            if row not in finished:
                stage = self._stages[index]
                done = stage.share * stage.progress(row)
                yield ProgressReport(row.id, self._shares_before(index) + done)

    def _shares_before(self, index: int) -> float:
        return sum(stage.share for stage in self._stages[:index])


def rows_at_once(weights: float, positions: int, device: torch.device, width: int) -> int:
    """How many rows to read so many positions of in one step, by how many weights each meets.

    A pass over 1,024 positions of the full-size Bark takes a processor of two cores ten seconds,
    where a GPU would be half asleep.
    """
    most_positions = float(_DEVICE_POSITIONS)
    if device.type == "cpu":
        most_positions = _HOST_OPERATIONS / (2 * weights)
    return max(1, min(width, int(most_positions / positions)))


def pcm(sound: torch.Tensor) -> bytes:
    """Samples (n,) from -1 to 1 as signed 16-bit ones; what is too loud is clipped."""
    samples = (sound.float().clamp(-1, 1) * _LOUDEST).round().to(torch.int16)
    return samples.cpu().numpy().astype("<i2").tobytes()
