"""Makes the cover of a narration: a small JPEG from a picture."""

import warnings
from io import BytesIO

from PIL import Image, ImageOps

from narrated.reading.picture_decoding import BROKEN, load_picture

_PLAIN_MODES = ("L", "RGB", "RGBA", "CMYK")
_DEEP_MODES = ("I", "I;16", "I;16L", "I;16B", "F")


def cover(data: bytes, name: str = "The picture", side: int = 1000) -> bytes:
    """Return a JPEG of at most `side` pixels a side: upright, opaque, only the first frame.

    Raises SourceError for a picture that cannot be read.
    """
    picture = opaque_picture(data, name, side)
    picture.thumbnail((side, side))
    written = BytesIO()
    picture.save(written, "JPEG", quality=85, optimize=True)
    return written.getvalue()


def opaque_picture(data: bytes, name: str, side: int) -> Image.Image:
    """Return a picture upright and opaque, in a size from which `side` pixels can be made.

    Raises SourceError for a picture that cannot be read.
    """
    whole = load_picture(data, name)
    if whole.mode in _PLAIN_MODES:  # before any copy: the picture may take a gigabyte
        whole.thumbnail((2 * side, 2 * side))
    return _opaque(_upright(whole))


def _upright(picture: Image.Image) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns of odd EXIF tags; a hostile file has thousands.
        warnings.simplefilter("ignore")
        try:
            return ImageOps.exif_transpose(picture)
        except BROKEN:
            return picture  # its EXIF data is broken; the picture is fine


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP_MODES:
        return _eight_bits(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Scale the used range of a deep grey picture to the 256 greys of a JPEG."""
    deep = picture.convert("F")
    extrema = deep.getextrema()
    low, high = (float(value) for value in extrema if not isinstance(value, tuple))
    if picture.mode.startswith("I;16") or high > 255:
        low, high = 0.0, max(high, 65535.0 if picture.mode.startswith("I;16") else high)
    scale = 255 / (high - low) if high > low else 0.0
    return deep.point(lambda grey: grey * scale - low * scale).convert("L")
