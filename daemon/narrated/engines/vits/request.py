"""A request, and its results so far."""

from dataclasses import dataclass

from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.vits.options import VitsSampling

NOT_FINITE = "VITS gave values that are not finite."


@dataclass(slots=True, eq=False)
class VitsRequest(StagedRequest):
    """A text as the tokenizer's ids, blanks between them included."""

    sampling: VitsSampling
    speaker: int | None = None
    """None for a model of one voice."""
