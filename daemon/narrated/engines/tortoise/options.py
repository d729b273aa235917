"""The options of Tortoise: of the engine at loading, and of each request.

Options and presets have the names that upstream gives them (tortoise/api.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import (
    FLAG,
    LOADING,
    MAX_REQUESTS,
    TEXT,
    integer,
    model_name,
    number,
    parse_options,
)
from narrated.engines.neural.sampling_parameters import SamplingParameters
from narrated.errors import EngineError

DEFAULT_MODEL = "Manmay/tortoise-tts"
DEFAULT_PRESET = "fast"
DEFAULT_BATCH = 16

_DEFAULT_ROWS = 4

_LOADING = {**LOADING, "batch": integer(1, 4 * MAX_REQUESTS)}
_SETTING = {
    "preset": TEXT,
    "num_autoregressive_samples": integer(1, 1024),
    "diffusion_iterations": integer(2, 4000),  # the schedule needs an interval
    "temperature": number(2.0),
    "top_p": number(1.0),
    "top_k": integer(0, 8192),
    "repetition_penalty": number(10.0),
    "max_mel_tokens": integer(1, 600),
    "cond_free": FLAG,
    "cond_free_k": number(10.0),
    "diffusion_temperature": number(1.0),
    "ended_first": FLAG,
    "limit_length": FLAG,
}
_STEADY: Options = MappingProxyType({"ended_first": True, "limit_length": True})
"""Options of requests for work that nobody watches."""
_LATER = tuple(_STEADY)


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
    ended_first: bool = False
    """True to choose among candidates that ended, and to offer the next of them as another take."""
    limit_length: bool = False
    """True to stop at the longest speech that the text may take."""

    @classmethod
    def of(cls, options: Options) -> "TortoiseSettings":
        """A preset with the other options applied."""
        own = dict(options)
        preset = PRESETS[str(own.pop("preset", DEFAULT_PRESET))]
        return replace(preset, **own)

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        # Those that were added later are part of it once they are set.
        names = [each.name for each in fields(self)]
        told = [name for name in names if name not in _LATER or getattr(self, name)]
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in told)})"

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
    told = parse_options(options, {**_LOADING, **_SETTING})
    return TortoiseOptions(
        model_name(told, DEFAULT_MODEL),
        told.get("rows", _DEFAULT_ROWS),
        told.get("batch", DEFAULT_BATCH),
        told.get("dtype", "auto"),
        request_options({name: told[name] for name in told if name in _SETTING}),
    )


def request_options(options: Options) -> Options:
    """Read a request's options. Raises EngineError for unknown or invalid ones."""
    told = parse_options(options, _SETTING, _LOADING)
    preset = told.get("preset", DEFAULT_PRESET)
    if preset not in PRESETS:
        raise EngineError(f"There is no preset '{preset}'.", f"There are: {', '.join(PRESETS)}.")
    if told.get("repetition_penalty") == 0:
        raise EngineError("The option 'repetition_penalty' is 0.", "Set it to 1 for none.")
    return told


def steady_options(defaults: Options) -> Options:
    """Options of requests for work that nobody watches, but those that the user has set."""
    return {name: value for name, value in _STEADY.items() if name not in defaults}
