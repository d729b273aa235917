"""Whisper's names of languages, and ours."""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from narrated.errors import EngineError

_OURS: Mapping[str, str] = MappingProxyType(
    {"nb": "no", "jv": "jw", "fil": "tl", "cmn": "zh", "iw": "he", "in": "id"}
)
"""Languages that Whisper names otherwise."""

_SPACELESS = frozenset({"ja", "lo", "my", "th", "yue", "zh"})


def whispers(language: str, known: Collection[str], model: str) -> str:
    """Whisper's name of a language. Raises EngineError if the model does not hear it."""
    primary = language.lower().replace("_", "-").split("-")[0]
    if primary not in known:
        primary = _OURS.get(primary, primary)
    if primary not in known:
        raise EngineError(
            f"{model} does not hear the language '{language}'.",
            "Name a model that does, such as whisper-base.",
        )
    return primary


def chosen(known: Sequence[str], option: str, model: str) -> tuple[str, ...]:
    """The languages of the option `languages`, or all. Raises EngineError if none is known."""
    wanted = re.findall("[a-z]+", option)
    heard = tuple(each for each in known if not wanted or each in wanted)
    if not heard:
        raise EngineError(
            f"The model {model} hears none of the languages {option}.",
            f"It hears {', '.join(known)}.",
        )
    return heard


def with_ours(known: Collection[str]) -> tuple[str, ...]:
    """The languages that a model knows, by Whisper's names and by ours."""
    return tuple(sorted({*known, *(ours for ours, name in _OURS.items() if name in known)}))


def joined(texts: Collection[str], language: str) -> str:
    """Join the texts of a take's windows."""
    space = "" if language in _SPACELESS else " "
    return space.join(filter(None, (text.strip() for text in texts)))
