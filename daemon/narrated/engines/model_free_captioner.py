"""The embedded captioner: describes a picture by its metadata, without a model.

It says the description that stands in the file, or else the kind, shape, main colours and date.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from narrated.engines.image_loading import decode, open_image, to_eight_bits
from narrated.engines.image_metadata import ImageMetadata, read_metadata
from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    EngineContext,
    Kind,
    ModelFreeEngine,
    Options,
    Outcome,
    Request,
    RequestFailure,
)
from narrated.errors import EngineError

REVISION = 2
"""Increase it when the same picture gets another description."""

_SAMPLE_PIXELS = 256
"""Side of the reduced picture for counting colours."""

_MAIN_SHARE = 0.6
"""Share of the picture that its named colours cover together, at least."""
_GREY_SHARE = 0.98
_HUES = {
    "orange": 45,
    "yellow": 70,
    "green": 160,
    "turquoise": 190,
    "blue": 255,
    "purple": 290,
    "pink": 340,
}
"""Upper hue of each name, in degrees; red is below 15, and above all."""

_Pixels = npt.NDArray[np.float64]
_Names = npt.NDArray[np.str_]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class ModelFreeCaptioner(ModelFreeEngine):
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


def load(options: Options, context: EngineContext) -> ModelFreeCaptioner:
    """Load the embedded captioner; it has no options."""
    for name in options:
        raise EngineError(f"The embedded captioner has no option '{name}'.", "Remove it.")
    return ModelFreeCaptioner()


def describe(picture: bytes) -> str:
    """Describe a picture in sentences. Raises EngineError if it cannot be read."""
    with open_image(picture) as image:
        return _described(image)


def _described(image: ImageFile.ImageFile) -> str:
    size = image.size
    # The number of frames would cost a scan of the file, which may have millions.
    is_animated: bool = getattr(image, "is_animated", False)
    decode(image, _SAMPLE_PIXELS)  # fails on a truncated file; a PNG's text may follow its pixels
    metadata = read_metadata(image)
    if metadata.description:
        return metadata.description
    shape = _shape(*(reversed(size) if metadata.is_turned else size))
    parts = (_kind(metadata, is_animated), shape, _colours(to_eight_bits(image)), _date(metadata))
    return ", ".join(filter(None, parts)) + "."


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


def _shape(width: int, height: int) -> str:
    if width * height == 1:
        return "a single point"
    ratio = width / height
    if ratio > 2.5:
        return "very wide"
    if ratio > 1.1:
        return "wide"
    if ratio >= 0.9:
        return "square" if abs(ratio - 1) < 0.02 else "nearly square"
    return "tall" if ratio >= 0.4 else "very tall"


def _colours(image: Image.Image) -> str:
    """Name the main colours of a picture of 8 bits a sample, such as `mostly blue and green`."""
    pixels = _sample(image)
    opaque = pixels[pixels[:, 3] >= 0.5]
    if not len(opaque):
        return "wholly transparent"
    words = _main(opaque[:, :3])
    return f"{words}, partly transparent" if len(opaque) < 0.95 * len(pixels) else words


def _main(pixels: _Pixels) -> str:
    names, counts = np.unique(_named(pixels), return_counts=True)
    shares = sorted(zip((counts / counts.sum()).tolist(), names.tolist(), strict=True))[::-1]
    if len(shares) == 1:
        return f"all {shares[0][1]}"
    if sum(share for share, name in shares if name in ("black", "grey", "white")) >= _GREY_SHARE:
        return "in black, grey and white" if len(shares) > 2 else "in " + _joined(shares)
    if shares[0][0] >= _MAIN_SHARE:
        return f"mostly {shares[0][1]}"
    if shares[0][0] + shares[1][0] >= _MAIN_SHARE:
        return "mostly " + _joined(shares[:2])
    return "of many colours"


def _joined(shares: list[tuple[float, str]]) -> str:
    return " and ".join(name for _, name in shares)


def _named(pixels: _Pixels) -> _Names:
    """Name the colour of each pixel; pixels are (n, 3), 0 to 1."""
    value, low = pixels.max(axis=1), pixels.min(axis=1)
    spread = value - low
    hue = _hue(pixels, value, spread)
    limits = [hue < limit for limit in (15, *_HUES.values())]
    names = np.select(limits, ["red", *_HUES], default="red")
    names = np.where((names == "orange") & (value < 0.65), "brown", names)
    names = np.where((names == "red") & (value > 0.8) & (low > 0.5), "pink", names)
    saturation = spread / np.maximum(value, 1e-9)
    greys = np.select([value < 0.2, value > 0.85], ["black", "white"], default="grey")
    return np.where((saturation < 0.15) | (value < 0.15), greys, names)


def _hue(pixels: _Pixels, value: _Pixels, spread: _Pixels) -> _Pixels:
    red, green, blue = pixels[:, 0], pixels[:, 1], pixels[:, 2]
    spread = np.maximum(spread, 1e-9)
    sixth = np.select(
        [value == red, value == green],
        [((green - blue) / spread) % 6, (blue - red) / spread + 2],
        default=(red - green) / spread + 4,
    )
    return np.asarray(sixth * 60.0)  # degrees, as in HSV


def _sample(image: Image.Image) -> _Pixels:
    """Pixels of the first frame as (n, 4), 0 to 1: red, green, blue, opacity."""
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    image.thumbnail((_SAMPLE_PIXELS, _SAMPLE_PIXELS), Image.Resampling.BOX)
    return np.asarray(image.convert("RGBA"), dtype=np.float64).reshape(-1, 4) / 255
