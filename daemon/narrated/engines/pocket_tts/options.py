"""Options of Pocket TTS, by the names of its generation settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import (
    LOADING,
    TEXT,
    OptionRule,
    integer,
    number,
    parse_options,
)

ROWS = 2

_MOST_STEPS = 64
_MOST_FRAMES = 64
_LOGIT = OptionRule("a number from -50 to 50", (int, float), lambda value: -50 <= value <= 50)
_REQUEST = {
    "temperature": number(2.0),
    "num_flow_steps": integer(1, _MOST_STEPS),
    "eos_threshold": _LOGIT,
}
_ENGINE = {**LOADING, "audio_tokenizer": TEXT}


@dataclass(frozen=True, slots=True)
class PocketSampling:
    """The settings of a generation; the defaults are those of the released checkpoints."""

    temperature: float = 0.7
    """Variance of the noise that a frame begins from; 0 for the likeliest speech."""
    num_flow_steps: int = 1
    eos_threshold: float = -4.0
    """Logit above which a frame ends the speech."""
    min_frames_before_eos: int = 6

    @classmethod
    def of(cls, folder: Path) -> "PocketSampling":
        """Those of a checkpoint's generation_config.json, as far as they are sound."""
        try:
            told = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            told = None
        told = told if isinstance(told, dict) else {}
        found = {name: value for name, value in told.items() if _is_sound(name, value)}
        if told.get("do_sample") is False:
            found["temperature"] = 0.0
        return cls(**found)

    def with_options(self, options: Options) -> "PocketSampling":
        """A copy with an engine's or a request's options."""
        return replace(self, **{name: options[name] for name in _REQUEST if name in options})

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        told = self.temperature, self.num_flow_steps, self.eos_threshold, self.min_frames_before_eos
        return json.dumps(told)


_CHECKPOINT: Mapping[str, OptionRule] = {
    **_REQUEST,
    "min_frames_before_eos": integer(0, _MOST_FRAMES),
}


def _is_sound(name: str, value: object) -> bool:
    rule = _CHECKPOINT.get(name)
    return rule is not None and type(value) in rule.types and rule.accepts(value)


def engine_options(options: Options) -> dict[str, Any]:
    """Check an engine's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, {**_ENGINE, **_REQUEST}, {})


def request_options(options: Options) -> dict[str, Any]:
    """Check a request's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, _REQUEST, _ENGINE)
