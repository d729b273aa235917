"""A pipeline of stages: each request passes through them in order.

A step works on the fullest stage, and of those that are equally full on the latest. So a batch
that has lost a request waits until the earlier stages have filled it again, and with requests in
flight for every stage all batches stay full. No request starves: the worker admits a new one only
after another is finished, so a stage that must wait gets more requests, or the others run out.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

import torch
from torch import nn

from narrated.engines.interface import Outcome, ProgressReport, RequestFailure, SpeechResult
from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.neural.torch_model import TorchModel
from narrated.engines.neural.transfers import to_host

_ENOUGH = 4
"""Full batches to finish at a reduced width before the pipeline tries a larger one."""

_FULL_PASS = 2
"""Requests that fill a pass over whole requests. More of them gain little, and those that wait for
each other here are missing in the batches of the other stages."""

_DEVICE_POSITIONS = 1 << 13
_HOST_OPERATIONS = 4e11  # some seconds of a CPU; then other stages take their turn

_LOUDEST = 32767

ModuleT = TypeVar("ModuleT", bound=nn.Module)
RequestT = TypeVar("RequestT", bound=StagedRequest)


class Stage(ABC, Generic[ModuleT, RequestT]):
    """One step of the synthesis, with the requests that wait for it or are in it.

    This base queues its requests, and keeps nothing on the device.
    """

    share: float
    """About the share of a request's time; the shares of all stages add up to 1."""
    keeps_memory = False
    """True if it keeps memory of the device between two steps."""
    has_slots = False
    """True if its requests hold slots of a running batch."""
    works_apart = False
    """True if it and the later stages would need too much memory together: it ends before they
    begin, and begins after they ended."""
    is_in_progress = False
    """True if it holds that memory now."""

    def __init__(self) -> None:
        self._waiting: deque[RequestT] = deque()

    @property
    def requests(self) -> Sequence[RequestT]:
        """All requests of this stage."""
        return list(self._waiting)

    def admit(self, request: RequestT) -> None:
        """Add a request."""
        self._waiting.append(request)

    def next_requests(self, module: ModuleT, width: int) -> Sequence[RequestT]:
        """Requests that `work` would advance: here the first."""
        return [self._waiting[0]]

    @property
    def slots_wanted(self) -> int:
        """Slots that its requests hold, and those that they wait for."""
        return sum(request.slots for request in self.requests)

    def full_batch(self, module: ModuleT, width: int) -> int:
        """Number of requests that fill a step: here one."""
        return 1

    def fullness(self, module: ModuleT, width: int) -> float:
        """Share of a full batch that it has, 0 to 1."""
        return min(1.0, len(self.requests) / self.full_batch(module, width))

    @abstractmethod
    def work(self, module: ModuleT, width: int) -> Sequence[RequestT]:
        """Advance up to `width` requests by a slice; returns those that finished this stage."""

    def progress(self, request: RequestT) -> float:
        """Share of this stage's work that is done, 0 to 1: nothing if it takes one step."""
        return 0.0

    def forget(self, request: RequestT) -> None:
        """Remove a request."""
        self._waiting.remove(request)

    def restart(self) -> None:
        """Free all memory on the device; requests that used it restart this stage."""


class StagePipeline(Generic[ModuleT, RequestT]):
    """Steps requests through stages, up to `width` at once.

    `width` starts at `max_width` and shrinks when memory runs out. `batch_requests` is the number
    of requests that fill a batch of that width, by default as many.
    """

    def __init__(
        self,
        model: TorchModel[ModuleT],
        stages: Sequence[Stage[ModuleT, RequestT]],
        max_width: int,
        sample_rate: int,
        batch_requests: int | None = None,
    ) -> None:
        self.width = max_width
        self._max_width = max_width
        self._batch_requests = max_width if batch_requests is None else batch_requests
        self._finished = 0
        """Requests since the last change of the width."""
        self._model = model
        self.sample_rate = sample_rate
        self._stages = stages

    def admit(self, request: RequestT) -> None:
        """Add a request; a silent one skips to the last stage."""
        self._stages[-1 if request.is_silent else 0].admit(request)

    def step(self) -> Sequence[Outcome]:
        """Advance requests of the fullest stage."""
        module = self._model.module
        index = self._fullest(module)
        stage = self._stages[index]
        requests = stage.next_requests(module, self.width)
        with self._model.device.at_work([request.id for request in requests]), torch.no_grad():
            finished = stage.work(module, self.width)
        outcomes = [self._passed_on(request, index) for request in finished]
        for request in [request for request in requests if request not in finished]:
            done = self._shares_before(index) + stage.share * stage.progress(request)
            outcomes.append(ProgressReport(request.id, done))
        self._finished += sum(isinstance(each, SpeechResult) for each in outcomes)
        if self._may_widen():
            self._widen()
        return outcomes

    def cancel(self, id: str) -> None:
        """Remove a request from its stage."""
        for stage in self._stages:
            for request in stage.requests:
                if request.id == id:
                    stage.forget(request)

    def shrink(self) -> bool:
        """Halve the width; False if it is 1 already."""
        if self.width == 1:
            return False
        self.width //= 2
        self._finished = 0
        self.release()
        return True

    def release(self) -> None:
        """Free all memory but the weights; requests restart their stage."""
        for stage in self._stages:
            stage.restart()

    @property
    def has_room(self) -> bool:
        """True if another request would begin, and not only wait for a slot."""
        first = next((at for at, stage in enumerate(self._stages) if stage.has_slots), 0)
        wanted = sum(stage.slots_wanted for stage in self._stages[: first + 1])
        return wanted < self.width and not self._awaits_later(first)

    def _awaits_later(self, at: int) -> bool:
        """True if a stage must not begin before the later ones are finished."""
        later = any(stage.requests for stage in self._stages[at + 1 :])
        stage = self._stages[at]
        return later and stage.works_apart and not stage.is_in_progress

    def _fullest(self, module: ModuleT) -> int:
        """Index of the fullest stage; of equally full ones the latest."""
        busy = [index for index, stage in enumerate(self._stages) if stage.requests]
        for at, stage in enumerate(self._stages):
            if stage.works_apart and stage.is_in_progress:
                busy = [each for each in busy if each <= at]
            elif self._awaits_later(at):
                busy = [each for each in busy if each > at]
        return max(busy, key=lambda at: (self._stages[at].fullness(module, self.width), at))

    def _may_widen(self) -> bool:
        """True if idle, or if enough is finished, at best while a release would undo nothing."""
        if not any(stage.requests for stage in self._stages):
            return True
        keeps_memory = any(stage.keeps_memory and stage.requests for stage in self._stages)
        return self._finished >= (_ENOUGH + keeps_memory) * self._batch_requests

    def _widen(self) -> None:
        """Double the width, in case memory is free again."""
        if self.width < self._max_width:
            self.width = min(self._max_width, 2 * self.width)
            self._finished = 0
            self.release()

    def _passed_on(self, request: RequestT, index: int) -> Outcome:
        if request.problem:
            return RequestFailure(
                request.id, request.problem, request.remedy, request.is_unavailable
            )
        if index == len(self._stages) - 1:
            return _result(request, self.sample_rate)
        self._stages[-1 if request.is_silent else index + 1].admit(request)
        return ProgressReport(request.id, self._shares_before(index + 1))

    def _shares_before(self, index: int) -> float:
        return sum(stage.share for stage in self._stages[:index])


def _result(request: StagedRequest, sample_rate: int) -> SpeechResult:
    return SpeechResult(
        request.id, request.pcm, sample_rate, ended=request.ended, tokens=request.tokens
    )


def requests_per_pass(weights: float, positions: int, device: torch.device, width: int) -> int:
    """Requests to read in one step, by the positions of each and the weights per position.

    A CPU of two cores takes ten seconds for 1,024 positions of the full-size Bark, which do not
    even fill a GPU.
    """
    most_positions = float(_DEVICE_POSITIONS)
    if device.type == "cpu":
        most_positions = _HOST_OPERATIONS / (2 * weights)
    return max(1, min(width, int(most_positions / positions)))


def full_pass(most: int) -> int:
    """Number of requests that fill a pass, where `most` can share one."""
    return min(_FULL_PASS, most)


def pcm(sound: torch.Tensor) -> bytes:
    """Convert samples (n,) from -1 to 1 to signed 16-bit ones; clips louder ones."""
    return to_host(_clipped(sound)).numpy().astype("<i2").tobytes()


def pcm_rows(sound: torch.Tensor, lengths: Sequence[int]) -> Sequence[bytes | None]:
    """The same for the first samples of each row (rows, n), by one copy to the host.

    None for a row with a value that is not finite.
    """
    is_finite = sound.isfinite().all(1, keepdim=True).to(torch.int16)
    told = to_host(torch.cat([_clipped(sound), is_finite], 1)).numpy().astype("<i2")
    rows = zip(told, lengths, strict=True)
    return [row[:length].tobytes() if row[-1] else None for row, length in rows]


def _clipped(sound: torch.Tensor) -> torch.Tensor:
    return (sound.float().clamp(-1, 1) * _LOUDEST).round().to(torch.int16)
