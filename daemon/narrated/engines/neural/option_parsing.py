"""An engine's options as somebody wrote them: read one by one, and refused by their names."""

from typing import TypeVar

from narrated.engines.interface import Options
from narrated.errors import EngineError

PRECISIONS = ("auto", "float32", "float16", "bfloat16")
MOST_ROWS = 64

OtherwiseT = TypeVar("OtherwiseT")


def refuse_unknown(
    options: Options, known: tuple[str, ...], of_the_engine: tuple[str, ...] = ()
) -> None:
    """EngineError for an option that there is not; some are the engine's, and no request's."""
    for name in options:
        if name in known:
            continue
        if name in of_the_engine:
            raise EngineError(
                f"The option '{name}' is the engine's own: it cannot change for one request.",
                "Set it where the engine is configured.",
            )
        raise EngineError(f"There is no option '{name}'.", f"There are: {', '.join(known)}.")


def whole(
    options: Options, name: str, otherwise: OtherwiseT, lowest: int, highest: int
) -> int | OtherwiseT:
    """A whole number within bounds; `otherwise` where it is not set."""
    if name not in options:
        return otherwise
    value = options[name]
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return value
    raise _wrong(name, value, f"a whole number from {lowest} to {highest}")


def number(
    options: Options, name: str, otherwise: OtherwiseT, highest: float
) -> float | OtherwiseT:
    """A number from 0 on; `otherwise` where it is not set."""
    if name not in options:
        return otherwise
    value = options[name]
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest:
        return float(value)
    raise _wrong(name, value, f"a number from 0 to {highest:g}")


def text(options: Options, name: str, otherwise: OtherwiseT) -> str | OtherwiseT:
    """A text; `otherwise` where it is not set."""
    if name not in options:
        return otherwise
    value = options[name]
    if isinstance(value, str):
        return value
    raise _wrong(name, value, "a text")


def model(options: Options, otherwise: str) -> str:
    """The option `model`, which must name one."""
    name = text(options, "model", otherwise)
    if not name:
        raise EngineError("The option 'model' names none.", f"Name one, such as {otherwise}.")
    return name


def flag(options: Options, name: str, otherwise: bool) -> bool:
    """True or false."""
    value = options.get(name, otherwise)
    if isinstance(value, bool):
        return value
    raise _wrong(name, value, "true or false")


def precision(options: Options) -> str:
    """The option `dtype`."""
    value = options.get("dtype", PRECISIONS[0])
    if value in PRECISIONS:
        return str(value)
    raise _wrong("dtype", value, f"one of {', '.join(PRECISIONS)}")


def _wrong(name: str, value: object, wished: str) -> EngineError:
    return EngineError(f"The option '{name}' is {value!r}.", f"Set {name} to {wished}.")
