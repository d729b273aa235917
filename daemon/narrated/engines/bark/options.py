"""Bark's options: those of an engine, and those of a request."""

from dataclasses import dataclass, replace

from narrated.engines.interface import Options
from narrated.engines.neural import option_parsing as read
from narrated.engines.neural.sampling import SamplingParameters

DEFAULT_MODEL = "suno/bark"

_SAMPLING = ("temperature", "fine_temperature", "min_eos_p", "top_k")
_LOADING = ("model", "rows", "dtype")
_HOTTEST = 2.0
_DEFAULT_ROWS = 4
_MOST_K = 10_000


@dataclass(frozen=True, slots=True)
class StageSampling:
    """Sampling of the three stages."""

    semantic: SamplingParameters
    coarse: SamplingParameters
    fine_temperature: float
    """0 and 1 both take the likeliest code, as in transformers."""

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        return (
            f"Sampling(semantic={self.semantic.fingerprint}, coarse={self.coarse.fingerprint}, "
            f"fine_temperature={self.fine_temperature!r})"
        )

    def with_options(self, options: Options) -> "StageSampling":
        """A copy with an engine's or a request's options."""
        causal = {name: options[name] for name in ("temperature", "top_k") if name in options}
        end = {name: options[name] for name in ("min_eos_p",) if name in options}
        return StageSampling(
            semantic=replace(self.semantic, **causal, **end),
            coarse=replace(self.coarse, **causal),
            fine_temperature=options.get("fine_temperature", self.fine_temperature),
        )


@dataclass(frozen=True, slots=True)
class BarkOptions:
    """Options of an engine."""

    model: str
    rows: int
    dtype: str
    sampling: Options
    """The sampling options that the user set; the checkpoint has the others."""


def engine_options(options: Options) -> BarkOptions:
    """Parse an engine's options. Raises EngineError for an unknown or wrong one."""
    read.refuse_unknown(options, (*_LOADING, *_SAMPLING))
    model = read.model(options, DEFAULT_MODEL)
    rows = read.integer(options, "rows", _DEFAULT_ROWS, 1, read.MAX_REQUESTS)
    return BarkOptions(model, rows, read.precision(options), _sampling(options))


def request_options(options: Options) -> Options:
    """Parse a request's options. Raises EngineError for an unknown or wrong one."""
    read.refuse_unknown(options, _SAMPLING, _LOADING)
    return _sampling(options)


def _sampling(options: Options) -> dict[str, float]:
    values = {
        "temperature": read.number(options, "temperature", None, _HOTTEST),
        "fine_temperature": read.number(options, "fine_temperature", None, _HOTTEST),
        "min_eos_p": read.number(options, "min_eos_p", None, 1.0),
        "top_k": read.integer(options, "top_k", None, 0, _MOST_K),
    }
    return {name: value for name, value in values.items() if value is not None}
