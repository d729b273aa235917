"""What may be wished of a captioner, and what it makes of wishes that it does not understand."""

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

    def wished(self, options: Options) -> "CaptionStyle":
        """This with a request's options; EngineError names one that it does not understand."""
        read.refuse_unknown(options, _OF_A_REQUEST, _OF_AN_ENGINE)
        return replace(
            self,
            prompt=read.text(options, "prompt", self.prompt),
            max_tokens=read.whole(options, "max_tokens", self.max_tokens, 1, _MOST_TOKENS),
            written=read.flag(options, "written", self.written),
        )


@dataclass(frozen=True, slots=True)
class CaptionerOptions:
    """The options of an engine."""

    model: str
    """A repository's name, or the absolute path of a folder."""
    rows: int
    """How many pictures are described at once."""
    dtype: str
    """auto, float32, float16 or bfloat16."""
    telling: CaptionStyle

    @classmethod
    def of(cls, options: Options) -> "CaptionerOptions":
        """Read an engine's options; EngineError names one that it does not understand."""
        read.refuse_unknown(options, _OF_AN_ENGINE)
        model = read.text(options, "model", "")
        if not model:
            raise EngineError(
                "This captioner is told no model.",
                "Name one: `options: {model: Salesforce/blip-image-captioning-base}`.",
            )
        rows = read.whole(options, "rows", ROWS, 1, read.MOST_ROWS)
        telling = CaptionStyle().wished(_of_a_request(options))
        return cls(model, rows, read.precision(options), telling)


def _of_a_request(options: Options) -> Options:
    return {name: options[name] for name in options if name in _OF_A_REQUEST}
