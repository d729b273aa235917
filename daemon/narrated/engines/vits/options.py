"""Options of VITS, by the names of transformers' model."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import (
    LOADING,
    OptionRule,
    number,
    parse_options,
)

ROWS = 2

_REQUEST = {
    "speaking_rate": OptionRule(
        "a number from 0.25 to 4", (int, float), lambda value: 0.25 <= value <= 4
    ),
    "noise_scale": number(2.0),
    "noise_scale_duration": number(2.0),
}
_ENGINE = {name: LOADING[name] for name in ("model", "rows")}


@dataclass(frozen=True, slots=True)
class VitsSampling:
    """Rate and noise of a speech; the defaults are those of transformers' VitsConfig."""

    speaking_rate: float = 1.0
    """Larger is faster."""
    noise_scale: float = 0.667
    noise_scale_duration: float = 0.8

    @classmethod
    def of(cls, folder: Path) -> "VitsSampling":
        """Those of a checkpoint's config.json, as far as they are sound."""
        try:
            told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            told = None
        known = told if isinstance(told, dict) else {}
        found = {name: known[name] for name, rule in _REQUEST.items() if _fits(rule, known, name)}
        return cls(**found)

    def with_options(self, options: Options) -> "VitsSampling":
        """A copy with an engine's or a request's options."""
        return replace(self, **{name: options[name] for name in _REQUEST if name in options})

    @property
    def fingerprint(self) -> str:
        """Part of the engine's identity. Never change this text: cache keys contain its digest."""
        return json.dumps((self.speaking_rate, self.noise_scale, self.noise_scale_duration))


def _fits(rule: OptionRule, told: dict[str, Any], name: str) -> bool:
    value = told.get(name)
    return type(value) in rule.types and rule.accepts(value)


def engine_options(options: Options) -> dict[str, Any]:
    """Check an engine's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, {**_ENGINE, **_REQUEST}, {})


def request_options(options: Options) -> dict[str, Any]:
    """Check a request's options. Raises EngineError for an unknown or wrong one."""
    return parse_options(options, _REQUEST, _ENGINE)
