"""What may be wished of Tortoise: for the engine when it is loaded, for a text when it is asked.

Options and presets have the names that upstream gives them (tortoise/api.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from narrated.engines.interface import Options
from narrated.engines.neural import option_parsing as read
from narrated.engines.neural.sampling import SamplingParameters
from narrated.errors import EngineError

DEFAULT_MODEL = "Manmay/tortoise-tts"
DEFAULT_PRESET = "fast"

_LOADING = ("model", "rows", "batch", "dtype")
_SETTING = (
    "preset",
    "num_autoregressive_samples",
    "diffusion_iterations",
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "max_mel_tokens",
    "cond_free",
    "cond_free_k",
    "diffusion_temperature",
)
_DEFAULT_ROWS = 4
DEFAULT_BATCH = 16
_MOST_CODES = 600
_MOST_SAMPLES = 1024
_FEWEST_ITERATIONS = 2
"""Upstream's schedule takes what is between the first and the second."""
_MOST_ITERATIONS = 4000
_MOST_K = 8192
_HOTTEST = 2.0
_STRONGEST = 10.0


@dataclass(frozen=True, slots=True)
class TortoiseSettings:
    """How a text is spoken."""

    num_autoregressive_samples: int
    """Candidates, of which CLVP chooses one."""
    diffusion_iterations: int
    cond_free: bool = True
    """Whether each iteration is held against one that hears nothing of the text."""
    cond_free_k: float = 2.0
    temperature: float = 0.8
    """0 takes the likeliest code."""
    top_p: float = 0.8
    top_k: int = 50
    """What transformers has where nothing is said, as upstream does not."""
    repetition_penalty: float = 2.0
    max_mel_tokens: int = 500
    """Codes at most, some 21 a second."""
    diffusion_temperature: float = 1.0

    @classmethod
    def of(cls, wishes: Options) -> "TortoiseSettings":
        """A preset, changed by what else is wished."""
        own = dict(wishes)
        preset = PRESETS[str(own.pop("preset", DEFAULT_PRESET))]
        return replace(preset, **own)

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        told = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self))
        return f"Settings({told})"

    @property
    def choice(self) -> SamplingParameters:
        """How a candidate's next code is chosen."""
        return SamplingParameters(
            temperature=self.temperature,
            top_k=self.top_k,
            repetition_penalty=self.repetition_penalty,
            top_p=self.top_p,
        )


PRESETS: Mapping[str, TortoiseSettings] = MappingProxyType(
    {
        "ultra_fast": TortoiseSettings(16, 30, cond_free=False),
        "fast": TortoiseSettings(96, 80),
        "standard": TortoiseSettings(256, 200),
        "high_quality": TortoiseSettings(256, 400),
    }
)


@dataclass(frozen=True, slots=True)
class TortoiseOptions:
    """What is wished for when the engine is loaded."""

    model: str
    rows: int
    batch: int
    """How many candidates, whosoever, are made at once."""
    dtype: str
    wishes: Options
    """What is set of how texts are spoken."""


def loading(options: Options) -> TortoiseOptions:
    """The options of an engine; EngineError for what it does not know or cannot be."""
    read.refuse_unknown(options, (*_LOADING, *_SETTING))
    model = read.model(options, DEFAULT_MODEL)
    rows = read.whole(options, "rows", _DEFAULT_ROWS, 1, read.MOST_ROWS)
    batch = read.whole(options, "batch", DEFAULT_BATCH, 1, 4 * read.MOST_ROWS)
    return TortoiseOptions(model, rows, batch, read.precision(options), _wishes(options))


def asked(options: Options) -> Options:
    """The options of one request; EngineError for what it does not know or cannot be."""
    read.refuse_unknown(options, _SETTING, _LOADING)
    return _wishes(options)


def _wishes(options: Options) -> dict[str, object]:
    preset = read.text(options, "preset", None)
    if preset is not None and preset not in PRESETS:
        raise EngineError(f"There is no preset '{preset}'.", f"There are: {', '.join(PRESETS)}.")
    told: dict[str, object | None] = {
        "preset": preset,
        "num_autoregressive_samples": read.whole(
            options, "num_autoregressive_samples", None, 1, _MOST_SAMPLES
        ),
        "diffusion_iterations": read.whole(
            options, "diffusion_iterations", None, _FEWEST_ITERATIONS, _MOST_ITERATIONS
        ),
        "temperature": read.number(options, "temperature", None, _HOTTEST),
        "top_p": read.number(options, "top_p", None, 1.0),
        "top_k": read.whole(options, "top_k", None, 0, _MOST_K),
        "repetition_penalty": _penalty(options),
        "max_mel_tokens": read.whole(options, "max_mel_tokens", None, 1, _MOST_CODES),
        "cond_free": read.flag(options, "cond_free", otherwise=True)
        if "cond_free" in options
        else None,
        "cond_free_k": read.number(options, "cond_free_k", None, _STRONGEST),
        "diffusion_temperature": read.number(options, "diffusion_temperature", None, 1.0),
    }
    return {name: value for name, value in told.items() if value is not None}


def _penalty(options: Options) -> float | None:
    penalty = read.number(options, "repetition_penalty", None, _STRONGEST)
    if penalty == 0:
        raise EngineError("The option 'repetition_penalty' is 0.", "Set it to 1 for none.")
    return penalty
