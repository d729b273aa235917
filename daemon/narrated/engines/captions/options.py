"""Captioner options: those of an engine, and those of a request."""

from dataclasses import dataclass, replace

from narrated.engines.interface import Options
from narrated.engines.neural.option_parsing import FLAG, LOADING, TEXT, integer, parse_options
from narrated.errors import EngineError

ROWS = 8
_STYLE = {"prompt": TEXT, "max_tokens": integer(1, 1024), "written": FLAG}


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """Style of a caption; a request can override its engine's."""

    prompt: str | None = None
    """The model's prompt; None for the default of its family."""
    max_tokens: int | None = None
    """Most tokens; None for the default of its family."""
    written: bool = True
    """True if a description in the picture's file goes before the model's.

    A person who wrote one knew the people and the place, and a model does not. The module
    `image_metadata` tells such descriptions from those of devices and programs.
    """

    def with_options(self, options: Options) -> "CaptionStyle":
        """A copy with a request's options. Raises EngineError for an unknown or wrong one."""
        return replace(self, **parse_options(options, _STYLE))


def engine_options(options: Options) -> tuple[Options, CaptionStyle]:
    """Check an engine's options. Raises EngineError for an unknown or wrong one, or no model."""
    told = parse_options(options, {**LOADING, **_STYLE})
    if not told.get("model"):
        raise EngineError(
            "This captioner has no model.",
            "Name one: `options: {model: Salesforce/blip-image-captioning-base}`.",
        )
    return told, CaptionStyle(**{name: told[name] for name in told if name in _STYLE})
