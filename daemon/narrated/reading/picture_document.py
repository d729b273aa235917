"""Pictures: opened with care, since they come from anywhere."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from narrated.errors import SourceError
from narrated.printable import printable

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_MOST_PIXELS = 250_000_000
"""A camera makes 200 million; of so many, one that has colours takes 1 GB while it is held."""
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers are known to raise on broken data."""


def loaded(data: bytes, name: str) -> "Image":
    """Give a picture's first frame, read whole; SourceError where it is broken or far too large."""
    what = printable(name)
    with warnings.catch_warnings(), _our_bound():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which harms nothing
        try:
            _opened(data, what).verify()
            picture = _opened(data, what)  # `verify` spends the first
            picture.load()
        except BROKEN as error:
            raise _broken(what, error) from error
    if _lacks_end(data):
        raise SourceError(f"{what} is a cut-off picture.", "Copy it again.")
    return picture


@contextmanager
def _our_bound() -> Iterator[None]:
    """Have Pillow bear what we bear, not its own 178 million: it has no door but a global."""
    from PIL import Image

    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, _MOST_PIXELS
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _lacks_end(data: bytes) -> bool:
    """Tell whether the last bytes are missing, which Pillow does not mind in these two."""
    if data.startswith(b"\x89PNG"):
        return b"IEND\xaeB`\x82" not in data
    return data.startswith(b"GIF8") and not data.rstrip(b"\0\r\n ").endswith(b";")


def _opened(data: bytes, what: str) -> "Image":
    from PIL import Image, UnidentifiedImageError  # late: texts need none

    try:
        picture = Image.open(BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(what) from error
    except UnidentifiedImageError as error:
        problem = f"{what} is no picture that can be read."
        raise SourceError(problem, "Save it as JPEG, PNG, WebP, GIF, BMP or TIFF.") from error
    if picture.width * picture.height > _MOST_PIXELS:
        raise _too_large(what)
    return picture


def _too_large(what: str) -> SourceError:
    return SourceError(f"{what} has too many pixels to be opened.", "Make it smaller.")


def _broken(what: str, error: Exception) -> SourceError:
    return SourceError(f"{what} is a broken or cut-off picture ({error}).", "Copy it again.")
