"""Parsers of an engine's options; each error names the option."""

from typing import TypeVar

from narrated.engines.interface import Options
from narrated.errors import EngineError

PRECISIONS = ("auto", "float32", "float16", "bfloat16")
MAX_REQUESTS = 64

DefaultT = TypeVar("DefaultT")


def refuse_unknown(
    options: Options, known: tuple[str, ...], of_the_engine: tuple[str, ...] = ()
) -> None:
    """Raise EngineError for an unknown option, or for an engine's option in a request."""
    for name in options:
        if name in known:
            continue
        if name in of_the_engine:
            raise EngineError(
                f"The option '{name}' belongs to the engine: one request cannot change it.",
                "Set it in the engine's options, under engines: in narrated.yaml.",
            )
        raise EngineError(f"There is no option '{name}'.", f"There are: {', '.join(known)}.")


def integer(
    options: Options, name: str, default: DefaultT, lowest: int, highest: int
) -> int | DefaultT:
    """An integer within bounds; `default` if it is not set."""
    if name not in options:
        return default
    value = options[name]
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return value
    raise _wrong(name, value, f"a whole number from {lowest} to {highest}")


def number(options: Options, name: str, default: DefaultT, highest: float) -> float | DefaultT:
    """A number from 0 to `highest`; `default` if it is not set."""
    if name not in options:
        return default
    value = options[name]
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest:
        return float(value)
    raise _wrong(name, value, f"a number from 0 to {highest:g}")


def text(options: Options, name: str, default: DefaultT) -> str | DefaultT:
    """A text; `default` if it is not set."""
    if name not in options:
        return default
    value = options[name]
    if isinstance(value, str):
        return value
    raise _wrong(name, value, "a text")


def model(options: Options, default: str) -> str:
    """The option `model`. Raises EngineError if it is empty."""
    name = text(options, "model", default)
    if not name:
        raise EngineError("The option 'model' is empty.", f"Name one, such as {default}.")
    return name


def flag(options: Options, name: str, default: bool) -> bool:
    """A truth value; `default` if it is not set."""
    value = options.get(name, default)
    if isinstance(value, bool):
        return value
    raise _wrong(name, value, "true or false")


def precision(options: Options) -> str:
    """The option `dtype`; auto if it is not set."""
    value = options.get("dtype", PRECISIONS[0])
    if value in PRECISIONS:
        return str(value)
    raise _wrong("dtype", value, f"one of {', '.join(PRECISIONS)}")


def _wrong(name: str, value: object, expected: str) -> EngineError:
    return EngineError(f"The option '{name}' is {value!r}.", f"Set {name} to {expected}.")
