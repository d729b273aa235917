"""Piper's options, by the names of its own api: those of an engine, and those of a request."""

from dataclasses import dataclass
from typing import Any

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import (
    FLAG,
    MAX_REQUESTS,
    OptionRule,
    integer,
    number,
    parse_options,
)

ROWS = 4
_LONGEST_SILENCE_S = 5.0
_LOUDEST = 4.0
_NOISIEST = 2.0

_REQUEST = {
    "length_scale": OptionRule(
        "a number from 0.25 to 4", (int, float), lambda value: 0.25 <= value <= 4
    ),
    "sentence_silence": number(_LONGEST_SILENCE_S),
    "volume": number(_LOUDEST),
    "normalize_audio": FLAG,
}
_ENGINE = {
    "rows": integer(1, MAX_REQUESTS),
    "noise_scale": number(_NOISIEST),
    "noise_w_scale": number(_NOISIEST),
}


@dataclass(frozen=True, slots=True)
class NoiseScales:
    """Amount of chance in the sound, and in the lengths of phonemes."""

    sound: float = 0.0
    lengths: float = 0.0

    @property
    def is_any(self) -> bool:
        """True if another seed gives another take."""
        return self.sound > 0 or self.lengths > 0


def engine_options(options: Options) -> dict[str, Any]:
    """Check an engine's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, {**_ENGINE, **_REQUEST}, {})


def request_options(options: Options) -> dict[str, Any]:
    """Check a request's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, _REQUEST, _ENGINE)


def noise_of(options: Options) -> NoiseScales:
    """The noise that an engine's options ask for; none unless they do.

    Piper's own defaults, 0.667 and 0.8, make each take another.
    """
    return NoiseScales(options.get("noise_scale", 0.0), options.get("noise_w_scale", 0.0))
