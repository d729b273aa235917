"""Base of the speech engines whose models onnxruntime computes: one request after the other.

A step speaks a part of the first request, on all cores: a batch would take no less time on a CPU.
Imports neither numpy nor onnxruntime.
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from narrated.engines.interface import (
    Kind,
    Model,
    Options,
    Outcome,
    ProgressReport,
    RequestFailure,
    SpeechRequest,
)
from narrated.engines.neural.onnx_model import OnnxModel
from narrated.errors import EngineUnavailable, OutOfMemory


class OnnxSpeech(Protocol):
    """A request in flight."""

    request: SpeechRequest
    session: Any
    """The session that its noise comes from; None before it has one."""

    @property
    def model(self) -> OnnxModel:
        """The model that speaks it."""


SpeechT = TypeVar("SpeechT", bound=OnnxSpeech)


class OnnxSpeechEngine(Generic[SpeechT]):
    """Requests wait in a queue; subclasses add `admit`, and advance the first."""

    kind: Kind = "speech"
    worn = False
    narrator_options: Options = MappingProxyType({})
    steady_options: Options = MappingProxyType({})

    def __init__(self) -> None:
        self._pending: deque[SpeechT] = deque()
        self._latest: tuple[Model, ...] = ()

    @property
    def models(self) -> Sequence[Model]:
        """The model of the next step; if there is none, that of the last one."""
        return (self._pending[0].model,) if self._pending else self._latest

    def step(self) -> Sequence[Outcome]:
        """Speak the next part of the first request."""
        pending = self._pending[0]
        self._latest = (pending.model,)
        try:
            with pending.model.device.at_work(pending.request.id):
                outcome = self._advance(pending)
        except (OutOfMemory, EngineUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a library's, and of this request alone
            problem = f"{pending.model.name} could not speak this text: {error}."
            outcome = RequestFailure(pending.request.id, problem)
        if not isinstance(outcome, ProgressReport):
            self._pending.popleft()
        return [outcome]

    def cancel(self, id: str) -> None:
        """Remove a request from the queue."""
        self._pending = deque(each for each in self._pending if each.request.id != id)

    def shrink(self) -> bool:
        """Refuse: it speaks one part at a time."""
        return False

    def release(self) -> None:
        """Let go of sessions, which would keep weights in memory; noise begins again."""
        for each in self._pending:
            each.session = None

    @abstractmethod
    def _advance(self, pending: SpeechT) -> Outcome:
        """Speak the next part of a request."""

    def _lost_noise(self, pending: SpeechT) -> bool:
        """True if a sound with noise must begin: it has no session yet, or that one is gone."""
        if pending.session is not None and pending.session is pending.model.session:
            return False
        self.release()
        pending.session = pending.model.reseed(pending.request.seed)
        return True
