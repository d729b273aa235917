"""Captioner options: those of an engine, and those of a request."""

from dataclasses import dataclass, replace

from narrated.engines.interface import Options
from narrated.engines.neural import option_parsing as read
from narrated.errors import EngineError

ROWS = 8
_MOST_TOKENS = 1024
_OF_A_REQUEST = ("prompt", "max_tokens", "written")
_OF_AN_ENGINE = ("model", "rows", "dtype", *_OF_A_REQUEST)


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
        read.refuse_unknown(options, _OF_A_REQUEST, _OF_AN_ENGINE)
        return replace(
            self,
            prompt=read.text(options, "prompt", self.prompt),
            max_tokens=read.integer(options, "max_tokens", self.max_tokens, 1, _MOST_TOKENS),
            written=read.flag(options, "written", self.written),
        )


@dataclass(frozen=True, slots=True)
class CaptionerOptions:
    """Options of an engine."""

    model: str
    """A repository's name, or the absolute path of a folder."""
    rows: int
    """Most pictures in a batch."""
    dtype: str
    """auto, float32, float16 or bfloat16."""
    style: CaptionStyle

    @classmethod
    def of(cls, options: Options) -> "CaptionerOptions":
        """Parse an engine's options. Raises EngineError for an unknown or wrong one."""
        read.refuse_unknown(options, _OF_AN_ENGINE)
        model = read.text(options, "model", "")
        if not model:
            raise EngineError(
                "This captioner has no model.",
                "Name one: `options: {model: Salesforce/blip-image-captioning-base}`.",
            )
        rows = read.integer(options, "rows", ROWS, 1, read.MAX_REQUESTS)
        style = CaptionStyle().with_options(_of_a_request(options))
        return cls(model, rows, read.precision(options), style)


def _of_a_request(options: Options) -> Options:
    return {name: options[name] for name in options if name in _OF_A_REQUEST}
