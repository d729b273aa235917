"""Kokoro's options, by the names of kokoro-onnx."""

from typing import Any

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import (
    FLAG,
    LOADING,
    OptionRule,
    number,
    parse_options,
)

ROWS = 4
_LONGEST_PAUSE_S = 5.0

_REQUEST = {
    "speed": OptionRule("a number from 0.5 to 2", (int, float), lambda value: 0.5 <= value <= 2),
    "sentence_pause": number(_LONGEST_PAUSE_S),
    "clause_pause": number(_LONGEST_PAUSE_S),
    "trim": FLAG,
}
_ENGINE = {"model": LOADING["model"], "rows": LOADING["rows"]}


def engine_options(options: Options) -> dict[str, Any]:
    """Check an engine's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, {**_ENGINE, **_REQUEST}, {})


def request_options(options: Options) -> dict[str, Any]:
    """Check a request's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, _REQUEST, _ENGINE)
