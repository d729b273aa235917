"""Parses an engine's options by a table of rules; each error names the option."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from narrated.engines.interface import Options
from narrated.errors import EngineError

MAX_REQUESTS = 64
_PRECISIONS = ("auto", "float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class OptionRule:
    """Accepts the values of one option."""

    expected: str
    """Description of a right value, for messages."""
    types: tuple[type, ...]
    """Accepted types; a value becomes one of the last."""
    accepts: Callable[[Any], bool] = lambda value: True

    def parse(self, name: str, value: object) -> Any:
        """Check and convert a value. Raises EngineError if it is wrong."""
        if type(value) in self.types and self.accepts(value):
            return self.types[-1](value)
        raise EngineError(f"The option '{name}' is {value!r}.", f"Set {name} to {self.expected}.")


def integer(lowest: int, highest: int) -> OptionRule:
    """Rule of an integer within bounds."""
    expected = f"a whole number from {lowest} to {highest}"
    return OptionRule(expected, (int,), lambda value: lowest <= value <= highest)


def number(highest: float) -> OptionRule:
    """Rule of a number from 0 to `highest`."""
    expected = f"a number from 0 to {highest:g}"
    return OptionRule(expected, (int, float), lambda value: 0 <= value <= highest)


FLAG = OptionRule("true or false", (bool,))
TEXT = OptionRule("a text", (str,))

LOADING: Mapping[str, OptionRule] = {
    "model": TEXT,
    "rows": integer(1, MAX_REQUESTS),
    "dtype": OptionRule(f"one of {', '.join(_PRECISIONS)}", (str,), _PRECISIONS.__contains__),
}
"""Options of every engine with a model."""


def parse_options(
    options: Options,
    rules: Mapping[str, OptionRule],
    of_the_engine: Mapping[str, OptionRule] = LOADING,
) -> dict[str, Any]:
    """The options that are set, checked by their `rules`.

    Raises EngineError for a wrong or unknown option, and for one `of_the_engine` in a request.
    """
    for name in [name for name in options if name not in rules]:
        if name in of_the_engine:
            raise EngineError(
                f"The option '{name}' belongs to the engine: one request cannot change it.",
                "Set it in the engine's options, under engines: in narrated.yaml.",
            )
        raise EngineError(f"There is no option '{name}'.", f"There are: {', '.join(rules)}.")
    return {
        name: rule.parse(name, options[name]) for name, rule in rules.items() if name in options
    }


def model_name(options: Options, default: str) -> str:
    """The option `model`. Raises EngineError if it is empty."""
    name = str(options.get("model", default))
    if not name:
        raise EngineError("The option 'model' is empty.", f"Name one, such as {default}.")
    return name
