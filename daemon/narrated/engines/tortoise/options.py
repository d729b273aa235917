"""The options of Tortoise: of the engine at loading, and of each request.

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
"""Upstream's schedule needs an interval between two steps."""
_MOST_ITERATIONS = 4000
_MOST_K = 8192
_HOTTEST = 2.0
_STRONGEST = 10.0


@dataclass(frozen=True, slots=True)
class TortoiseSettings:
    """The settings of a request's speech."""

    num_autoregressive_samples: int
    """Number of candidates; CLVP chooses one."""
    diffusion_iterations: int
    cond_free: bool = True
    """True for classifier-free guidance: each iteration also runs without the text."""
    cond_free_k: float = 2.0
    temperature: float = 0.8
    """0 takes the most likely code."""
    top_p: float = 0.8
    top_k: int = 50
    """The default of transformers, since upstream sets none."""
    repetition_penalty: float = 2.0
    max_mel_tokens: int = 500
    """Most codes, some 21 a second."""
    diffusion_temperature: float = 1.0

    @classmethod
    def of(cls, options: Options) -> "TortoiseSettings":
        """A preset with the other options applied."""
        own = dict(options)
        preset = PRESETS[str(own.pop("preset", DEFAULT_PRESET))]
        return replace(preset, **own)

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        told = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self))
        return f"Settings({told})"

    @property
    def sampling(self) -> SamplingParameters:
        """Sampling of a candidate's next code."""
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
    """The options of the engine at loading."""

    model: str
    rows: int
    batch: int
    """Candidates generated at once, of all requests together."""
    dtype: str
    defaults: Options
    """Defaults of the settings of each request."""


def load_options(options: Options) -> TortoiseOptions:
    """Read an engine's options. Raises EngineError for unknown or invalid ones."""
    read.refuse_unknown(options, (*_LOADING, *_SETTING))
    model = read.model(options, DEFAULT_MODEL)
    rows = read.integer(options, "rows", _DEFAULT_ROWS, 1, read.MAX_REQUESTS)
    batch = read.integer(options, "batch", DEFAULT_BATCH, 1, 4 * read.MAX_REQUESTS)
    return TortoiseOptions(model, rows, batch, read.precision(options), _speech_options(options))


def request_options(options: Options) -> Options:
    """Read a request's options. Raises EngineError for unknown or invalid ones."""
    read.refuse_unknown(options, _SETTING, _LOADING)
    return _speech_options(options)


def _speech_options(options: Options) -> dict[str, object]:
    preset = read.text(options, "preset", None)
    if preset is not None and preset not in PRESETS:
        raise EngineError(f"There is no preset '{preset}'.", f"There are: {', '.join(PRESETS)}.")
    values: dict[str, object | None] = {
        "preset": preset,
        "num_autoregressive_samples": read.integer(
            options, "num_autoregressive_samples", None, 1, _MOST_SAMPLES
        ),
        "diffusion_iterations": read.integer(
            options, "diffusion_iterations", None, _FEWEST_ITERATIONS, _MOST_ITERATIONS
        ),
        "temperature": read.number(options, "temperature", None, _HOTTEST),
        "top_p": read.number(options, "top_p", None, 1.0),
        "top_k": read.integer(options, "top_k", None, 0, _MOST_K),
        "repetition_penalty": _penalty(options),
        "max_mel_tokens": read.integer(options, "max_mel_tokens", None, 1, _MOST_CODES),
        "cond_free": read.flag(options, "cond_free", default=True)
        if "cond_free" in options
        else None,
        "cond_free_k": read.number(options, "cond_free_k", None, _STRONGEST),
        "diffusion_temperature": read.number(options, "diffusion_temperature", None, 1.0),
    }
    return {name: value for name, value in values.items() if value is not None}


def _penalty(options: Options) -> float | None:
    penalty = read.number(options, "repetition_penalty", None, _STRONGEST)
    if penalty == 0:
        raise EngineError("The option 'repetition_penalty' is 0.", "Set it to 1 for none.")
    return penalty
