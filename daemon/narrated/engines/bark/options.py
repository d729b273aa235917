"""What may be wished of Bark: for the engine when it is loaded, for a text when it is asked."""

from dataclasses import dataclass, replace

from narrated.engines.base import Options
from narrated.errors import EngineError

DEFAULT_MODEL = "suno/bark"
DTYPES = ("auto", "float32", "float16", "bfloat16")

_SAMPLING = ("temperature", "fine_temperature", "min_eos_p", "top_k")
_LOADING = ("model", "rows", "dtype")
_HOTTEST = 2.0
_MOST_ROWS = 64
_DEFAULT_ROWS = 4
_MOST_K = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    """How a causal stage chooses its next token."""

    temperature: float
    """0 takes the likeliest."""
    top_k: int
    """Only so many of the likeliest are drawn from; 0 for all."""
    min_eos_p: float = 0.0
    """The end is taken once it is likelier than this; 0 leaves it to the draw."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the three stages choose."""

    semantic: Choice
    coarse: Choice
    fine_temperature: float
    """0 and 1 both take the likeliest, as transformers does."""

    def with_options(self, options: Options) -> "Sampling":
        """This, changed by what an engine's or a request's options say of it."""
        causal = {name: options[name] for name in ("temperature", "top_k") if name in options}
        end = {name: options[name] for name in ("min_eos_p",) if name in options}
        return Sampling(
            semantic=replace(self.semantic, **causal, **end),
            coarse=replace(self.coarse, **causal),
            fine_temperature=options.get("fine_temperature", self.fine_temperature),
        )


@dataclass(frozen=True, slots=True)
class Loading:
    """What is wished for when the engine is loaded."""

    model: str
    rows: int
    dtype: str
    sampling: Options
    """The sampling options that are set; the checkpoint says the others."""


def loading(options: Options) -> Loading:
    """The options of an engine; EngineError for what it does not know or cannot be."""
    _known(options, (*_LOADING, *_SAMPLING))
    model = options.get("model", DEFAULT_MODEL)
    if not isinstance(model, str) or not model:
        raise EngineError(f"Bark's option 'model' is {model!r}.", "Name one, such as suno/bark.")
    dtype = options.get("dtype", "auto")
    if dtype not in DTYPES:
        raise EngineError(
            f"Bark's option 'dtype' is {dtype!r}.", f"Set one of {', '.join(DTYPES)}."
        )
    rows = _whole("rows", options.get("rows", _DEFAULT_ROWS), 1, _MOST_ROWS)
    return Loading(model, rows, dtype, _sampling(options))


def asked(options: Options) -> Options:
    """The options of one request; EngineError for what it does not know or cannot be."""
    _known(options, _SAMPLING)
    return _sampling(options)


def _known(options: Options, names: tuple[str, ...]) -> None:
    for name in options:
        if name in names:
            continue
        if name in _LOADING:
            raise EngineError(
                f"Bark's option '{name}' is the engine's own: it cannot change for one text.",
                "Set it where the engine is configured.",
            )
        raise EngineError(f"Bark has no option '{name}'.", f"It has: {', '.join(names)}.")


def _sampling(options: Options) -> dict[str, float]:
    bounds = {"temperature": _HOTTEST, "fine_temperature": _HOTTEST, "min_eos_p": 1.0}
    numbers = {
        name: _number(name, options[name], highest)
        for name, highest in bounds.items()
        if name in options
    }
    if "top_k" in options:
        numbers["top_k"] = _whole("top_k", options["top_k"], 0, _MOST_K)
    return numbers


def _number(name: str, value: object, highest: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest:
        return float(value)
    raise EngineError(
        f"Bark's option '{name}' is {value!r}.", f"Set a number from 0 to {highest:g}."
    )


def _whole(name: str, value: object, lowest: int, highest: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return value
    raise EngineError(
        f"Bark's option '{name}' is {value!r}.", f"Set a whole number from {lowest} to {highest}."
    )
