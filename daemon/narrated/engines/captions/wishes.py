"""What may be wished of a captioner, and what it makes of wishes that it does not understand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from narrated.engines.base import Options
from narrated.errors import EngineError

_ROWS, _MOST_ROWS = 8, 64
_MOST_TOKENS = 1024
_OF_A_REQUEST = ("prompt", "max_tokens", "written")
_OF_AN_ENGINE = ("model", "rows", "dtype", *_OF_A_REQUEST)
_DTYPES = ("auto", "float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Telling:
    """How a picture is to be told; a request may wish for another than its engine's."""

    prompt: str | None = None
    """What the model is asked or begins with; None for what suits its family."""
    max_tokens: int | None = None
    """Where it is stopped; None for what suits its family."""
    written: bool = True
    """Whether a description that its maker wrote into the file is told instead.

    It is, unless one wishes otherwise: whoever wrote it knew who is seen and where, and a model
    does not. What devices and programs write there is told from it in `picture_notes`.
    """

    def wished(self, options: Options) -> "Telling":
        """This with a request's options; EngineError names one that it does not understand."""
        _refuse_unknown(options, _OF_A_REQUEST)
        return replace(
            self,
            prompt=_text(options, "prompt", self.prompt),
            max_tokens=_count(options, "max_tokens", self.max_tokens, _MOST_TOKENS),
            written=_flag(options, "written", self.written),
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of an engine."""

    model: str
    """A repository's name, or the absolute path of a folder."""
    rows: int
    """How many pictures are described at once."""
    dtype: str
    """auto, float32, float16 or bfloat16."""
    telling: Telling

    @classmethod
    def of(cls, options: Options) -> "Wishes":
        """Read an engine's options; EngineError names one that it does not understand."""
        _refuse_unknown(options, _OF_AN_ENGINE)
        model = _text(options, "model", None)
        if not model:
            raise EngineError(
                "This captioner is told no model.",
                "Name one: `options: {model: Salesforce/blip-image-captioning-base}`.",
            )
        rows = _count(options, "rows", _ROWS, _MOST_ROWS) or _ROWS
        return cls(model, rows, _dtype(options), Telling().wished(_of_a_request(options)))


def _of_a_request(options: Options) -> Options:
    return {name: options[name] for name in options if name in _OF_A_REQUEST}


def _refuse_unknown(options: Options, known: Sequence[str]) -> None:
    for name in options:
        if name not in known:
            raise EngineError(
                f"There is no option '{name}' here.", f"There are {', '.join(known)}."
            )


def _dtype(options: Options) -> str:
    dtype = str(options.get("dtype", "auto"))
    if dtype not in _DTYPES:
        raise EngineError(
            f"There is no precision '{dtype}'.", f"Set dtype to one of {', '.join(_DTYPES)}."
        )
    return dtype


def _text(options: Options, name: str, otherwise: str | None) -> str | None:
    if name not in options:
        return otherwise
    value = options[name]
    if not isinstance(value, str):
        raise EngineError(f"{name} must be a text, and is {value!r}.", f"Set {name} to a text.")
    return value


def _count(options: Options, name: str, otherwise: int | None, most: int) -> int | None:
    if name not in options:
        return otherwise
    value = options[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise EngineError(
            f"{name} must be a number from 1 to {most}, and is {value!r}.",
            f"Set {name} to such a number.",
        )
    return value


def _flag(options: Options, name: str, otherwise: bool) -> bool:
    value = options.get(name, otherwise)
    if not isinstance(value, bool):
        raise EngineError(
            f"{name} must be true or false, and is {value!r}.", f"Set {name} to true or false."
        )
    return value
