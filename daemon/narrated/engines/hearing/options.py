"""Options of hearing engines; a request has none."""

import re
from typing import Any

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import LOADING, OptionRule, parse_options
from narrated.errors import EngineError

ROWS = 4
"""Windows at once: more of them take more memory than the voices leave."""

_CODES = re.compile(r"[a-z]{2,3}(?:[ ,]+[a-z]{2,3})*")
_LANGUAGES = OptionRule(
    "codes of languages, such as `en, de`", (str,), lambda value: bool(_CODES.fullmatch(value))
)
_WHISPER = {**LOADING, "languages": _LANGUAGES}

_COMPUTE_TYPES = ("auto", "int8", "int8_float32", "int16", "float32")
_CTRANSLATE = {
    "model": LOADING["model"],
    "rows": LOADING["rows"],
    "languages": _LANGUAGES,
    "compute_type": OptionRule(
        f"one of {', '.join(_COMPUTE_TYPES)}", (str,), _COMPUTE_TYPES.__contains__
    ),
}


def whisper_options(options: Options) -> dict[str, Any]:
    """Check the options of Whisper by transformers. Raises EngineError for a wrong one."""
    return _with_model(parse_options(options, _WHISPER), "openai/whisper-base")


def ctranslate_options(options: Options) -> dict[str, Any]:
    """Check the options of Whisper by CTranslate2. Raises EngineError for a wrong one."""
    return _with_model(parse_options(options, _CTRANSLATE), "Systran/faster-whisper-base")


def refuse_options(options: Options) -> None:
    """Refuse the options of a request: there are none. Raises EngineError."""
    for name in options:
        raise EngineError(
            f"The option '{name}' belongs to the engine, if to any: a take is heard without.",
            "Set it in the engine's options, under engines: in narrated.yaml.",
        )


def _with_model(options: dict[str, Any], example: str) -> dict[str, Any]:
    if not options.get("model"):
        raise EngineError(
            "This hearing engine has no model.", f"Name one: `options: {{model: {example}}}`."
        )
    return options
