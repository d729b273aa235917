"""The embedded captioner: describes a picture by its metadata, without a model.

It says the description that stands in the file, or else the kind, shape, main colours and date.
"""

from collections import deque
from collections.abc import Sequence

from PIL import ImageFile

from narrated.engines.image_appearance import SAMPLE_PIXELS, describe_colours, describe_shape
from narrated.engines.image_loading import decode, open_image, to_eight_bits
from narrated.engines.image_metadata import ImageMetadata, read_metadata
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
"""Increase it when the same picture gets another description."""

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
        request = self._waiting.popleft()
        try:
            return [CaptionResult(request.id, describe(request.picture))]
        except EngineError as error:
            return [RequestFailure(request.id, error.problem, error.remedy)]

    def cancel(self, id: str) -> None:
        """Remove a picture from the queue."""
        self._waiting = deque(request for request in self._waiting if request.id != id)


def load(options: Options, context: EngineContext) -> MetadataCaptioner:
    """Load the embedded captioner; it has no options."""
    for name in options:
        raise EngineError(f"The embedded captioner has no option '{name}'.", "Remove it.")
    return MetadataCaptioner()


def describe(picture: bytes) -> str:
    """Describe a picture in sentences. Raises EngineError if it cannot be read."""
    with open_image(picture) as image:
        return _described(image)


def _described(image: ImageFile.ImageFile) -> str:
    size = image.size
    # The number of frames would cost a scan of the file, which may have millions.
    is_animated: bool = getattr(image, "is_animated", False)
    decode(image, SAMPLE_PIXELS)  # fails on a truncated file; a PNG's text may follow its pixels
    metadata = read_metadata(image)
    if metadata.description:
        return metadata.description
    if metadata.is_turned:
        size = (size[1], size[0])
    parts = [
        _kind(metadata, is_animated),
        describe_shape(*size),
        describe_colours(to_eight_bits(image)),
        _date(metadata),
    ]
    return ", ".join(part for part in parts if part) + "."


def _kind(metadata: ImageMetadata, is_animated: bool) -> str:
    if metadata.is_photograph:
        return "A photograph"
    if metadata.is_screenshot:
        return "A screenshot"
    return "An animated image" if is_animated else "An image"


def _date(metadata: ImageMetadata) -> str:
    if metadata.taken is None:
        return ""
    day = metadata.taken.day
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    parts = "taken on" if metadata.is_photograph else "dated"
    return f"{parts} the {day}{ending} of {_MONTHS[metadata.taken.month - 1]} {metadata.taken.year}"
