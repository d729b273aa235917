"""The interface of an engine: it speaks, describes pictures or listens, inside a worker.

It is shaped for continuous batching. Requests are admitted while others are in flight, and every
`step` advances all requests in flight. A worker holds the engines' models, and gives each engine
a context. Only the standard library is used, since a worker may run in an engine's own interpreter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, TypeGuard, TypeVar

from narrated.engines.respelling import Respelling
from narrated.engines.speech_times import TimedPlace

Kind = Literal["speech", "caption", "hearing"]
Options = Mapping[str, Any]


class Mark(NamedTuple):
    """A part of a text that a voice may need in other letters."""

    start: int
    end: int
    kind: Literal["letters", "word"]
    """Letters, such as "A P I", or a word that a voice may say wrongly: "NIL", "async"."""


_ENDINGS = ("'s", "’s", "s")


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
    marks: Sequence[Mark] = ()
    """Parts of the text, in order. An engine without a front speaks the text as it is."""

    def respelled(self, say: Callable[[Mark, str, str], str]) -> str:
        """Return the text with its marked parts replaced.

        `say` gets the mark, the part's text, and its ending: "s", "'s" or nothing.
        """
        return self.respelling(say).text

    def respelling(self, say: Callable[[Mark, str, str], str]) -> Respelling:
        """Return the same, with the place in the request's text that each of its parts has."""
        respelling = Respelling()
        end = 0
        for mark in self.marks:
            after = next((s for s in _ENDINGS if _ends_with(self.text, mark.end, s)), "")
            respelling.keep(self.text[end : mark.start], end)
            respelling.replace(say(mark, self.text[mark.start : mark.end], after), mark.start)
            end = mark.end + len(after)
        respelling.keep(self.text[end:], end)
        return respelling


def _ends_with(text: str, at: int, ending: str) -> bool:
    """True if a word ends with this ending."""
    end = at + len(ending)
    return text.startswith(ending, at) and not text[end : end + 1].isalnum()


@dataclass(frozen=True, slots=True)
class CaptionRequest:
    """A picture to describe, as the bytes of its file."""

    id: str
    picture: bytes
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HearingRequest:
    """Speech to write down: signed 16-bit little-endian samples of one channel."""

    id: str
    pcm: bytes
    sample_rate: int
    """Any; the engine resamples."""
    language: str = "en"
    """The language that is spoken."""
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpeechResult:
    """Finished speech: signed 16-bit little-endian samples of one channel."""

    id: str
    pcm: bytes
    sample_rate: int
    sentences: Sequence[TimedPlace] = ()
    """The starts of sentences, or of other parts that it speaks one by one, as far as it can tell:
    characters of the request's text."""
    words: Sequence[TimedPlace] = ()
    """The same of words. Times that cannot be are dropped: the sound alone counts."""
    ended: bool | None = None
    """True if the model chose the end of the speech itself. False if it was stopped, so the take
    is likely to be bad. None if there is nothing to tell, as for voices without sampling."""
    tokens: tuple[int, int] | None = None
    """Tokens that it generated, and the most that it might have; None if it cannot tell."""


@dataclass(frozen=True, slots=True)
class CaptionResult:
    """A finished description."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class HearingResult:
    """Words that were heard; an empty text if there are none."""

    id: str
    text: str
    score: float
    """Mean log probability of a token: 0 is certain. An engine that cannot tell gives 0."""


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


Request = SpeechRequest | CaptionRequest | HearingRequest
Outcome = SpeechResult | CaptionResult | HearingResult | ProgressReport | RequestFailure


class WeightsLocation(StrEnum):
    """The place of a model's weights."""

    WARM = "warm"  # on the device that computes
    PARKED = "parked"  # in the host's memory, quick to bring back
    ABSENT = "absent"  # on the disk only


class Device(Protocol):
    """A device that computes, and its memory. The figures are measured, not estimated."""

    @property
    def name(self) -> str:
        """The name that a person knows, such as "cpu" or "NVIDIA H100"."""

    @property
    def total_bytes(self) -> int:
        """Memory of the whole device."""

    @property
    def free_bytes(self) -> int:
        """Memory that this process can still take; the allocator's caches count as free."""

    def bound(self, limit_bytes: int) -> None:
        """Make allocations beyond the limit fail, if the device can; 0 removes the limit."""

    def leave_room(self, others_bytes: int) -> None:
        """Note what other models need beside the one that is read next."""

    @property
    def in_use_bytes(self) -> int:
        """Memory that this process uses now."""

    def begin_peak(self) -> None:
        """Start a new measurement of the peak."""

    @property
    def peak_bytes(self) -> int:
        """The most memory that this process used since `begin_peak`."""

    def tidy(self) -> None:
        """Give the allocator's caches back to the device."""


class Model(Protocol):
    """Weights that a worker holds once, for all engines that use them."""

    @property
    def name(self) -> str:
        """The name that the user knows, such as suno/bark."""

    @property
    def key(self) -> str:
        """Digest of content, precision and device: equal keys mean equal weights."""

    @property
    def device(self) -> Device:
        """The device that computes."""

    @property
    def warmth(self) -> WeightsLocation:
        """The present place of the weights."""

    @property
    def weights_bytes(self) -> int:
        """Memory of the weights on the device; 0 before they were loaded once."""

    def warm(self) -> None:
        """Bring the weights onto the device. Raises EngineUnavailable or OutOfMemory."""

    def park(self) -> None:
        """Move the weights into the host's memory; drop them if the device is the host."""

    def drop(self) -> None:
        """Remove the weights from all memory."""


ModelT = TypeVar("ModelT", bound=Model)


class EngineContext(Protocol):
    """Folders, the device, and the models that a worker shares with the engines it loads."""

    @property
    def models(self) -> Path:
        """Folder of the models' files, by repository: suno/bark."""

    @property
    def voices(self) -> Path:
        """Folder of the user's own voices."""

    @property
    def cache(self) -> Path:
        """Folder for results that are slow to compute; the engine makes it if it needs it."""

    @property
    def device(self) -> str:
        """The configured device: auto, cpu, cuda or cuda:1."""

    def hold(self, model: ModelT) -> ModelT:
        """Hold a model within the memory budget; returns the held model of the same key."""


class Engine(Protocol):
    """A captioner, and the base of the other kinds; called from one thread only."""

    @property
    def kind(self) -> Kind:
        """ "speech" for a SpeechEngine, "hearing" for a HearingEngine, "caption" for one that
        describes pictures."""

    @property
    def identity(self) -> str:
        """Its revision and a digest of its data: equal identities give equal results."""

    @property
    def rows(self) -> int:
        """Most requests in flight."""

    @property
    def has_room(self) -> bool:
        """True if it would begin another request at once; else that one waits at the worker, where
        others may overtake it. An engine without this attribute begins all that it is given."""

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

    @property
    def varies(self) -> bool:
        """True if a listener hears a difference between two takes: with another seed, it speaks
        the same text otherwise. An engine without this attribute counts as one that does."""

    @property
    def front(self) -> str:
        """The version of its way to say marked parts of a text; it is part of those takes' keys.
        An engine without one, or with an empty one, speaks the text as it is."""

    @property
    def narrator_options(self) -> Options:
        """Options that make its rate a narrator's, unless a speaker sets them. They are part of
        the takes' keys, so a new default speaks no published narration again, and takes of a
        speaker that sets them stay. An engine without this attribute has none."""

    @property
    def steady_options(self) -> Options:
        """The same for options that make fewer takes go wrong, since nobody listens while it
        speaks: an end that comes in time, a limit by the length of the text."""

    def voices(self) -> Mapping[str, str]:
        """Digest of each voice's content, by name."""

    def voice_digest(self, name: str) -> str:
        """Present digest of one voice, looked up alone; empty if it is not listed."""


class HearingEngine(Engine, Protocol):
    """An engine that writes down what a take says."""

    @property
    def languages(self) -> Sequence[str]:
        """Languages that it understands, without countries; empty if it takes any. A take in
        another language is not sent to it. An engine without this attribute takes any."""


def is_speech_engine(engine: Engine) -> TypeGuard[SpeechEngine]:
    """True if the engine speaks."""
    return engine.kind == "speech"


class ModelFreeEngine:
    """Base of an engine that has no models and keeps no memory between two steps."""

    models: Sequence[Model] = ()
    front = ""
    narrator_options: Options = MappingProxyType({})
    steady_options: Options = MappingProxyType({})

    def shrink(self) -> bool:
        """Refuse: it works on one request at a time."""
        return False

    def release(self) -> None:
        """Do nothing: there is no memory to free."""
