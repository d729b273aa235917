"""Decodes untrusted pictures with Pillow, within bounds of size and format."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from narrated.errors import SourceError
from narrated.printable import printable

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_MOST_PIXELS = 250_000_000
"""A camera makes 200 million pixels; a colour picture of this size takes 1 GB of memory."""
BROKEN = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, OverflowError),
    *(struct.error, zlib.error),
)
"""Errors that Pillow's readers raise on broken data."""


def load_picture(data: bytes, name: str) -> Image.Image:
    """Return a picture's first frame; raises SourceError if it is broken or too large."""
    label = printable(name)
    with warnings.catch_warnings(), _our_pixel_limit():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, and that is harmless
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            Image.open(BytesIO(data), formats=_FORMATS).verify()
            picture = Image.open(BytesIO(data), formats=_FORMATS)  # `verify` uses up the first
            picture.load()
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            problem = f"{label} has too many pixels to be opened."
            raise SourceError(problem, "Make it smaller.") from error
        except UnidentifiedImageError as error:
            problem = f"{label} is no picture that can be read."
            raise SourceError(problem, "Save it as JPEG, PNG, WebP, GIF, BMP or TIFF.") from error
        except BROKEN as error:
            problem = f"{label} is a broken or cut-off picture ({error})."
            raise SourceError(problem, "Copy it again.") from error
    if _lacks_end(data):
        raise SourceError(f"{label} is a cut-off picture.", "Copy it again.")
    return picture


@contextmanager
def _our_pixel_limit() -> Iterator[None]:
    """Set Pillow's pixel limit to ours; its own is 178 million, and it has no other interface."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, _MOST_PIXELS
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _lacks_end(data: bytes) -> bool:
    """True if a PNG or GIF lacks its last bytes, which Pillow does not report."""
    if data.startswith(b"\x89PNG"):
        return b"IEND\xaeB`\x82" not in data
    return data.startswith(b"GIF8") and not data.rstrip(b"\0\r\n ").endswith(b";")
