"""What an engine is: something in a worker that speaks texts or describes pictures, row by row.

Shaped for continuous batching: requests are admitted while others are under way, and every
`step` brings all rows in flight a little further. Only the standard library is used, since a
worker may run in an engine's own interpreter.
"""

import importlib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar, cast

from narrated.errors import EngineUnavailable

Kind = Literal["speech", "caption"]
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A text to speak."""

    id: str
    text: str
    voice: str
    """One of the engine's; empty for the one that the engine thinks best for the language."""
    options: Options = field(default_factory=dict)
    language: str = "en"
    seed: int = 0
    """Seeds this row alone: the same request gives the same sound in whatever company."""
    voice_digest: str | None = None
    """What the voice is to be, by its digest, empty where it was not listed; None for any."""


@dataclass(frozen=True, slots=True)
class CaptionRequest:
    """A picture to describe, as the bytes of its file."""

    id: str
    picture: bytes
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpeechResult:
    """A finished utterance: signed 16-bit little-endian samples of one channel."""

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
    """How far a row has come, 0 to 1; it also shows that the engine is alive."""

    id: str
    fraction: float


@dataclass(frozen=True, slots=True)
class RequestFailure:
    """A row that cannot be finished, while the engine is well."""

    id: str
    problem: str
    remedy: str = ""
    unavailable: bool = False
    """True where it may work later (a voice that is not there yet)."""
    among_others: bool = False
    """True where it may be the fault of another row of the same step."""


Request = SpeechRequest | CaptionRequest
Outcome = SpeechResult | CaptionResult | ProgressReport | RequestFailure


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What a worker announces of an engine that it has loaded."""

    name: str
    kind: Kind
    identity: str
    """The same identity gives the same result: part of every cache key."""
    sample_rate: int
    voices: Mapping[str, str]
    """By name, each with a digest of its content."""
    rows: int
    """How many requests may be in flight."""


class WeightsLocation(StrEnum):
    """Where a model's weights are."""

    WARM = "warm"  # on the device that computes
    PARKED = "parked"  # in the memory of the host, from where they come back soon
    ABSENT = "absent"  # on the disk alone


class Device(Protocol):
    """What computes, and the memory it has; its figures are read, not reckoned."""

    @property
    def name(self) -> str:
        """As a person knows it, such as "cpu" or "NVIDIA H100"."""

    @property
    def total_bytes(self) -> int:
        """What it has in all."""

    @property
    def free_bytes(self) -> int:
        """What is left of it for us, caches of the allocator counted as free."""

    def bound(self, limit_bytes: int) -> None:
        """Have every allocation beyond this fail, where the device can; 0 lifts the bound."""

    @property
    def in_use_bytes(self) -> int:
        """What this process has of it now."""

    def begin_peak(self) -> None:
        """From here on the peak is looked for."""

    @property
    def peak_bytes(self) -> int:
        """The most that this process had of it since then."""

    def tidy(self) -> None:
        """Give back what the allocator keeps for later."""


class Model(Protocol):
    """Weights that a worker holds once, whichever of its engines use them."""

    @property
    def name(self) -> str:
        """As the user knows it, such as suno/bark."""

    @property
    def key(self) -> str:
        """A digest of its content, precision and device: the same key, the same weights."""

    @property
    def device(self) -> Device:
        """Where it computes."""

    @property
    def warmth(self) -> WeightsLocation:
        """Where its weights are now."""

    @property
    def weights_bytes(self) -> int:
        """What they take on the device; 0 before they were there for the first time."""

    def warm(self) -> None:
        """Bring them onto the device; EngineUnavailable or OutOfMemory where that fails."""

    def park(self) -> None:
        """Take them off the device into the host's memory; where these are one, drop them."""

    def drop(self) -> None:
        """Keep them nowhere but on the disk."""


ModelT = TypeVar("ModelT", bound=Model)


class EngineContext(Protocol):
    """What the worker gives the engines it loads: places, and the models it holds already."""

    @property
    def models(self) -> Path:
        """The folder that holds the models' files, by repository: suno/bark."""

    @property
    def voices(self) -> Path:
        """The folder of the user's own voices."""

    @property
    def cache(self) -> Path:
        """A folder for what is dear to compute, and can be computed again; made on need."""

    @property
    def device(self) -> str:
        """The device that is wished for: auto, cpu, cuda or cuda:1."""

    def hold(self, model: ModelT) -> ModelT:
        """Keep a model within the budget; gives the one of its key that is held, if there is."""


@dataclass(frozen=True, slots=True)
class ModelResources:
    """Where a worker's models live, and what they may take."""

    models: str = "/nonexistent"
    """The folder that holds the models' files."""
    voices: str = "/nonexistent"
    """The folder of the user's own voices."""
    cache: str = "/nonexistent"
    """The folder for what is dear to compute, such as what a model knows of a voice."""
    device: str = "auto"
    memory_bytes: int = 0
    """What may be in use at once; 0 for all that the device has."""
    idle_unload_s: float = math.inf
    """After how long without work the device is freed."""
    warms_at_once: bool = True
    """Whether models are warm before they are asked for, as far as they fit."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model stands in its worker."""

    name: str
    engines: tuple[str, ...]
    """Those that use it."""
    warmth: str
    device: str
    device_bytes: int
    """What the device has in all."""
    weights_bytes: int
    working_bytes: int
    """What its engines take besides, the most that was seen."""
    idle_s: float | None
    """Since when it was not used; None where it never was."""
    real_time_factor: float | None
    """Seconds of work for a second of speech; None where it has not spoken."""


class Engine(Protocol):
    """What `load(options, shelf)` of an engine's module gives; only called from one thread."""

    @property
    def kind(self) -> Kind:
        """Whether it speaks or describes."""

    @property
    def identity(self) -> str:
        """Its revision and a digest of its data: the same identity gives the same result."""

    @property
    def rows(self) -> int:
        """How many requests may be in flight."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of what it speaks; 0 where it describes."""

    @property
    def worn(self) -> bool:
        """True once it holds memory that only a fresh process gives back."""

    @property
    def models(self) -> Sequence[Model]:
        """What must be warm while it steps; empty where it needs none."""

    def voices(self) -> Mapping[str, str]:
        """Its voices by name, each with a digest of its content; empty where it describes."""

    def voice_digest(self, name: str) -> str:
        """One voice's digest as it is now, looked up alone; empty where it is not listed."""

    def admit(self, request: Request) -> None:
        """Take a request in; EngineError or EngineUnavailable refuses it."""

    def step(self) -> Sequence[Outcome]:
        """Bring rows in flight a little further; only called while there are any.

        OutOfMemory leaves its rows as they were, to be tried again.
        """

    def cancel(self, id: str) -> None:
        """Forget a row in flight; no outcome of it follows."""

    def shrink(self) -> bool:
        """Halve how many rows are worked at once; False where it is one already."""

    def release(self) -> None:
        """Let go of all memory but the weights; rows in flight begin their stage again."""


class ModelFreeEngine:
    """What an engine without models, which keeps nothing between two steps, says of them."""

    models: Sequence[Model] = ()

    def shrink(self) -> bool:
        """It works one at a time."""
        return False

    def release(self) -> None:
        """There is nothing to let go of."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine: where its module is found, and what the configuration wishes of it."""

    name: str
    kind: Kind
    module: str
    limit_characters: int
    """The longest text it can say in one go; 0 where it describes."""
    holds_models: bool = False
    """True where it shares the one worker, and its budget, with all that do."""
    python: str = ""
    """The interpreter it needs, by path; empty for the daemon's own."""
    path: str = ""
    """A folder to find the module in, besides what its interpreter has installed."""
    options: Options = field(default_factory=dict)

    @property
    def installed_as(self) -> str:
        """What `narrated engines install` calls its code; empty where it needs none of that."""
        return _INSTALLED.get(self.module, "")

    @staticmethod
    def registered(name: str) -> "EngineSpec | None":
        """An engine that comes with the program; None for any other name."""
        return REGISTRY.get(name)

    @staticmethod
    def names() -> tuple[str, ...]:
        """The engines that come with the program."""
        return tuple(REGISTRY)


def _neural(
    name: str, kind: Kind, module: str, model: str, limit: int = 0, **options: int
) -> EngineSpec:
    wishes = {"model": model, **options}
    return EngineSpec(name, kind, module, limit, holds_models=True, options=wishes)


_BARK = "narrated.engines.bark.engine"
_TORTOISE = "narrated.engines.tortoise.engine"
_CAPTIONS = "narrated.engines.captions.engine"
_INSTALLED = MappingProxyType({_TORTOISE: "tortoise"})

REGISTRY: Mapping[str, EngineSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            EngineSpec("espeak", "speech", "narrated.engines.espeak", 600),
            EngineSpec("embedded", "caption", "narrated.engines.metadata_captioner", 0),
            _neural("bark", "speech", _BARK, "suno/bark", 180),
            _neural("bark-small", "speech", _BARK, "suno/bark-small", 180),
            _neural("tortoise", "speech", _TORTOISE, "Manmay/tortoise-tts", 200),
            _neural("blip", "caption", _CAPTIONS, "Salesforce/blip-image-captioning-base"),
            _neural("blip-large", "caption", _CAPTIONS, "Salesforce/blip-image-captioning-large"),
            _neural(
                "florence-2",
                "caption",
                _CAPTIONS,
                "florence-community/Florence-2-large",
                rows=4,  # eight pictures of 768 x 768 would take more than there is beside voices
            ),
            _neural("florence-2-base", "caption", _CAPTIONS, "florence-community/Florence-2-base"),
        )
    }
)


def load(module: str, path: str, options: Options, shelf: EngineContext) -> Engine:
    """Import an engine's module and load it; EngineUnavailable when it is not to be had."""
    if path and path not in sys.path:
        sys.path.append(path)
    try:
        loader = cast(
            "Callable[[Options, EngineContext], Engine]", importlib.import_module(module).load
        )
    except (ImportError, AttributeError) as error:
        raise EngineUnavailable(
            f"The engine's module {module} cannot be used: {error}.",
            "Install what it needs into the interpreter of its worker.",
        ) from error
    return loader(options, shelf)
