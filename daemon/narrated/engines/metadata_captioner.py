"""The embedded captioner: what can be known of a picture without a model, and no more.

A description that its maker wrote into the file, else its kind, shape, main colours and date.
"""

from collections import deque
from collections.abc import Sequence

from PIL import ImageFile

from narrated.engines.image_appearance import SAMPLE_PIXELS, colours, shape
from narrated.engines.image_loading import decode, opened, plain
from narrated.engines.image_metadata import ImageMetadata, noted
from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    Kind,
    ModelFreeEngine,
    Options,
    Outcome,
    Request,
    RequestFailure,
)
from narrated.engines.model_interface import EngineContext
from narrated.errors import EngineError

REVISION = 2
"""Raised whenever the same picture would be described in other words."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class MetadataCaptioner(ModelFreeEngine):
    """The engine: pictures wait in a queue, and a step describes the first."""

    kind: Kind = "caption"
    identity = f"embedded-{REVISION}"
    rows = 4
    worn = False

    def __init__(self) -> None:
        self._waiting: deque[CaptionRequest] = deque()

    def admit(self, request: Request) -> None:
        """Queue a picture."""
        if not isinstance(request, CaptionRequest):
            raise EngineError("The embedded captioner describes pictures; it does not speak.")
        self._waiting.append(request)

    def step(self) -> Sequence[Outcome]:
        """Describe the first in the queue."""
        sight = self._waiting.popleft()
        try:
            return [CaptionResult(sight.id, description(sight.picture))]
        except EngineError as error:
            return [RequestFailure(sight.id, error.problem, error.remedy)]

    def cancel(self, id: str) -> None:
        """Take a picture out of the queue."""
        self._waiting = deque(sight for sight in self._waiting if sight.id != id)


def load(options: Options, shelf: EngineContext) -> MetadataCaptioner:
    """The embedded captioner; it has no options."""
    for name in options:
        raise EngineError(f"The embedded captioner has no option '{name}'.", "Remove it.")
    return MetadataCaptioner()


def description(picture: bytes) -> str:
    """One or more sentences on a picture; EngineError when it cannot be read."""
    with opened(picture) as image:
        return _described(image)


def _described(image: ImageFile.ImageFile) -> str:
    size = image.size
    # Not how many frames there are: a file of millions would have us count them.
    is_animated: bool = getattr(image, "is_animated", False)
    decode(image, SAMPLE_PIXELS)  # a cut-short one shows; a PNG's text may stand after its pixels
    notes = noted(image)
    if notes.description:
        return notes.description
    if notes.is_turned:
        size = (size[1], size[0])
    said = [_kind(notes, is_animated), shape(*size), colours(plain(image)), _date(notes)]
    return ", ".join(part for part in said if part) + "."


def _kind(notes: ImageMetadata, is_animated: bool) -> str:
    if notes.is_photograph:
        return "A photograph"
    if notes.is_screenshot:
        return "A screenshot"
    return "An animated image" if is_animated else "An image"


def _date(notes: ImageMetadata) -> str:
    if notes.taken is None:
        return ""
    day = notes.taken.day
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    said = "taken on" if notes.is_photograph else "dated"
    return f"{said} the {day}{ending} of {_MONTHS[notes.taken.month - 1]} {notes.taken.year}"
