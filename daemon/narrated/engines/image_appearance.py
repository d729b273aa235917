"""Describes the shape and the main colours of a picture in words."""

import numpy as np
import numpy.typing as npt
from PIL import Image

SAMPLE_PIXELS = 256
"""Side of the reduced picture for counting colours."""

_MAIN_SHARE = 0.6
"""Share of the picture that its named colours cover together, at least."""
_GREY_SHARE = 0.98
_HUES = (
    (15, "red"),
    (45, "orange"),
    (70, "yellow"),
    (160, "green"),
    (190, "turquoise"),
    (255, "blue"),
    (290, "purple"),
    (340, "pink"),
    (361, "red"),
)
"""Upper hue of each name, in degrees."""

Pixels = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]


def describe_shape(width: int, height: int) -> str:
    """Describe the shape of a picture of this size in pixels."""
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


def describe_colours(image: Image.Image) -> str:
    """Name the main colours of a picture of 8 bits a sample, such as `mostly blue and green`."""
    pixels = _sample(image)
    opaque = pixels[pixels[:, 3] >= 0.5]
    if not len(opaque):
        return "wholly transparent"
    words = _main(opaque[:, :3])
    return f"{words}, partly transparent" if len(opaque) < 0.95 * len(pixels) else words


def _main(pixels: Pixels) -> str:
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


def _named(pixels: Pixels) -> Names:
    """Name the colour of each pixel; pixels are (n, 3), 0 to 1."""
    value, low = pixels.max(axis=1), pixels.min(axis=1)
    spread = value - low
    hue = _hue(pixels, value, spread)
    names = np.select(
        [hue < limit for limit, _ in _HUES], [name for _, name in _HUES], default="red"
    )
    names = np.where((names == "orange") & (value < 0.65), "brown", names)
    names = np.where((names == "red") & (value > 0.8) & (low > 0.5), "pink", names)
    saturation = spread / np.maximum(value, 1e-9)
    greys = np.select([value < 0.2, value > 0.85], ["black", "white"], default="grey")
    return np.where((saturation < 0.15) | (value < 0.15), greys, names)


def _hue(pixels: Pixels, value: Pixels, spread: Pixels) -> Pixels:
    """Hue in degrees, as in HSV."""
    red, green, blue = pixels[:, 0], pixels[:, 1], pixels[:, 2]
    spread = np.maximum(spread, 1e-9)
    sixth = np.select(
        [value == red, value == green],
        [((green - blue) / spread) % 6, (blue - red) / spread + 2],
        default=(red - green) / spread + 4,
    )
    return np.asarray(sixth * 60.0)


def _sample(image: Image.Image) -> Pixels:
    """Pixels of the first frame as (n, 4), 0 to 1: red, green, blue, opacity."""
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    image.thumbnail((SAMPLE_PIXELS, SAMPLE_PIXELS), Image.Resampling.BOX)
    return np.asarray(image.convert("RGBA"), dtype=np.float64).reshape(-1, 4) / 255
