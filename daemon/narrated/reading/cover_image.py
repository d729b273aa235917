"""The cover of a narration: a picture as the small JPEG that players show."""

import warnings
from io import BytesIO

from PIL import Image, ImageOps

from narrated.reading.picture_document import BROKEN, loaded

_MOST_PIXELS_A_SIDE = 1000
_PLAIN_MODES = ("L", "RGB", "RGBA", "CMYK")
_DEEP_MODES = ("I", "I;16", "I;16L", "I;16B", "F")


def cover(data: bytes, name: str = "The picture") -> bytes:
    """Give a JPEG of at most 1000 pixels a side: upright, opaque, the first frame alone.

    Raises SourceError for a picture that cannot be read.
    """
    whole = loaded(data, name)
    if whole.mode in _PLAIN_MODES:  # first of all: of what takes a gigabyte no copy is made
        whole.thumbnail((2 * _MOST_PIXELS_A_SIDE, 2 * _MOST_PIXELS_A_SIDE))
    picture = _opaque(_upright(whole))
    picture.thumbnail((_MOST_PIXELS_A_SIDE, _MOST_PIXELS_A_SIDE))
    written = BytesIO()
    picture.save(written, "JPEG", quality=85, optimize=True)
    return written.getvalue()


def _upright(picture: Image.Image) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd notes; a hostile file has thousands
        try:
            return ImageOps.exif_transpose(picture)
        except BROKEN:
            return picture  # what is noted of it is broken; the picture is well


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP_MODES:
        return _eight_bits(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Spread what a deep grey picture uses of its range over the 256 greys of a JPEG."""
    deep = picture.convert("F")
    extrema = deep.getextrema()
    low, high = (float(value) for value in extrema if not isinstance(value, tuple))
    if picture.mode.startswith("I;16") or high > 255:
        low, high = 0.0, max(high, 65535.0 if picture.mode.startswith("I;16") else high)
    scale = 255 / (high - low) if high > low else 0.0
    return deep.point(lambda grey: grey * scale - low * scale).convert("L")
