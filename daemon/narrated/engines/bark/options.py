"""Bark's options: those of an engine, and those of a request."""

from dataclasses import dataclass, replace

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import (
    FLAG,
    LOADING,
    integer,
    number,
    parse_options,
)
from narrated.engines.neural.sampling_parameters import SamplingParameters

_HOTTEST = 2.0
_SAMPLING = {
    "temperature": number(_HOTTEST),
    "fine_temperature": number(_HOTTEST),
    "min_eos_p": number(1.0),
    "top_k": integer(0, 10_000),
    "limit_length": FLAG,
}
_EARLY_END = 0.2
"""The `min_eos_p` of suno's own code. Without it the end is left to the draw, which misses it."""


@dataclass(frozen=True, slots=True)
class StageSampling:
    """Sampling of the three stages."""

    semantic: SamplingParameters
    coarse: SamplingParameters
    fine_temperature: float
    """0 and 1 both take the likeliest code, as in transformers."""
    limit_length: bool = False
    """True to stop at the longest speech that the text may take."""

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        return (
            f"Sampling(semantic={self.semantic.fingerprint}, coarse={self.coarse.fingerprint}, "
            f"fine_temperature={self.fine_temperature!r})"
        ) + (" limit_length" if self.limit_length else "")

    def with_options(self, options: Options) -> "StageSampling":
        """A copy with an engine's or a request's options."""
        causal = {name: options[name] for name in ("temperature", "top_k") if name in options}
        end = {name: options[name] for name in ("min_eos_p",) if name in options}
        return StageSampling(
            semantic=replace(self.semantic, **causal, **end),
            coarse=replace(self.coarse, **causal),
            fine_temperature=options.get("fine_temperature", self.fine_temperature),
            limit_length=options.get("limit_length", self.limit_length),
        )

    def steady_options(self, told: Options) -> Options:
        """Options of requests for work that nobody watches, but those that the user has `told`."""
        steady: dict[str, object] = {"limit_length": True}
        if not self.semantic.min_eos_p:  # a checkpoint may have its own
            steady["min_eos_p"] = _EARLY_END
        return {name: value for name, value in steady.items() if name not in told}


def engine_options(options: Options) -> Options:
    """Check an engine's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, {**LOADING, **_SAMPLING})


def request_options(options: Options) -> Options:
    """Check a request's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, _SAMPLING)
