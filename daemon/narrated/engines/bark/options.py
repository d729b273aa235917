"""Bark's options: those of an engine, and those of a request."""

from dataclasses import dataclass, replace

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import LOADING, integer, number, parse_options
from narrated.engines.neural.sampling_parameters import SamplingParameters

_HOTTEST = 2.0
_SAMPLING = {
    "temperature": number(_HOTTEST),
    "fine_temperature": number(_HOTTEST),
    "min_eos_p": number(1.0),
    "top_k": integer(0, 10_000),
}


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


def engine_options(options: Options) -> Options:
    """Check an engine's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, {**LOADING, **_SAMPLING})


def request_options(options: Options) -> Options:
    """Check a request's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, _SAMPLING)
