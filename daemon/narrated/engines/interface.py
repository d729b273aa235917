"""The interface of an engine: it speaks texts or describes pictures, inside a worker.

It is shaped for continuous batching. Requests are admitted while others are in flight, and every
`step` advances all requests in flight. Only the standard library is used, since a worker may run
in an engine's own interpreter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeGuard

from narrated.engines.model_interface import Model

Kind = Literal["speech", "caption"]
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A text to speak."""

    id: str
    text: str
    voice: str
    """One of the engine's voices; empty for the engine's best voice of the language."""
    options: Options = field(default_factory=dict)
    language: str = "en"
    seed: int = 0
    """Seed of this request alone: equal requests give equal sound in any batch."""
    voice_digest: str | None = None
    """The digest that the voice must have, empty if it was not listed; None for any."""


@dataclass(frozen=True, slots=True)
class CaptionRequest:
    """A picture to describe, as the bytes of its file."""

    id: str
    picture: bytes
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpeechResult:
    """Finished speech: signed 16-bit little-endian samples of one channel."""

    id: str
    pcm: bytes
    sample_rate: int


@dataclass(frozen=True, slots=True)
class CaptionResult:
    """A finished description."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """Progress of a request, 0 to 1; it also shows that the engine is alive."""

    id: str
    fraction: float


@dataclass(frozen=True, slots=True)
class RequestFailure:
    """A request that cannot be finished, while the engine itself is well."""

    id: str
    problem: str
    remedy: str = ""
    unavailable: bool = False
    """True if it may work later, such as with a voice that is still missing."""
    among_others: bool = False
    """True if another request of the same step may be the cause."""


Request = SpeechRequest | CaptionRequest
Outcome = SpeechResult | CaptionResult | ProgressReport | RequestFailure


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """A worker's announcement of a loaded engine."""

    name: str
    kind: Kind
    identity: str
    """Equal identities give equal results: part of every cache key."""
    sample_rate: int
    """Samples a second; 0 for a captioner."""
    voices: Mapping[str, str]
    """Digest of each voice's content, by name; empty for a captioner."""
    rows: int
    """Most requests in flight."""


class Engine(Protocol):
    """The part that speech engines and captioners share; called from one thread only."""

    @property
    def kind(self) -> Kind:
        """ "speech" for a SpeechEngine, "caption" for a Captioner."""

    @property
    def identity(self) -> str:
        """Its revision and a digest of its data: equal identities give equal results."""

    @property
    def rows(self) -> int:
        """Most requests in flight."""

    @property
    def worn(self) -> bool:
        """True if it holds memory that only a fresh process gives back."""

    @property
    def models(self) -> Sequence[Model]:
        """Models that must be warm during a step; empty if it needs none."""

    def admit(self, request: Request) -> None:
        """Accept a request. Raises EngineError or EngineUnavailable to refuse it."""

    def step(self) -> Sequence[Outcome]:
        """Advance the requests in flight; only called while there are any.

        Raises OutOfMemory with the requests unchanged, so that the step can be retried.
        """

    def cancel(self, id: str) -> None:
        """Forget a request in flight; no outcome of it follows."""

    def shrink(self) -> bool:
        """Halve the requests that a step works on; False if it is one already."""

    def release(self) -> None:
        """Free all memory but the weights; requests in flight restart their stage."""


class SpeechEngine(Engine, Protocol):
    """An engine that speaks texts."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of its speech."""

    def voices(self) -> Mapping[str, str]:
        """Digest of each voice's content, by name."""

    def voice_digest(self, name: str) -> str:
        """Present digest of one voice, looked up alone; empty if it is not listed."""


class Captioner(Engine, Protocol):
    """An engine that describes pictures; it adds nothing to the shared part."""


def is_speech_engine(engine: Engine) -> TypeGuard[SpeechEngine]:
    """True if the engine speaks."""
    return engine.kind == "speech"


class ModelFreeEngine:
    """Base of an engine that has no models and keeps no memory between two steps."""

    models: Sequence[Model] = ()

    def shrink(self) -> bool:
        """Refuse: it works on one request at a time."""
        return False

    def release(self) -> None:
        """Do nothing: there is no memory to free."""
