"""Pictures from anywhere, opened as they are meant to be seen: upright, in 8 bits, on a ground."""

import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageStat, UnidentifiedImageError

from narrated.errors import EngineError

MOST_PIXELS = 400_000_000
"""A picture of this many is held whole for a moment: 1.6 GB where it has colours."""

LONGEST_SIDE = 1024
"""Captioners look at 224 to 768 pixels a side; those that look at any size only get slower."""

# Others are left alone: Pillow hands EPS to Ghostscript, which runs what stands in it.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")

_BEARABLE_PIXELS = 50_000_000
"""From here on every n-th pixel will do: what is made of it is far smaller still."""

_SHORTEST_SIDE = 32
"""Below it an image processor takes the height for the colours, or finds no patch to look at."""
_LONGEST_RATIO = 50
"""Image processors refuse, or make nothing of, what is narrower than this."""

_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""What may stand for white where samples are deep, the first that holds them all."""

_PALE = 215
_CLEAR = 200

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What EXIF's Orientation asks for."""

DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
)
"""What Pillow's decoders raise at damaged files."""


@contextmanager
def opened(picture: bytes) -> Iterator[ImageFile.ImageFile]:
    """Open a picture's file, not yet loaded; what its bytes bring about becomes an EngineError."""
    try:
        with (
            warnings.catch_warnings(),
            _most_pixels(MOST_PIXELS),
            _image(picture) as image,
        ):
            warnings.simplefilter("ignore")  # of odd metadata, which harms nothing
            yield image
    except Image.DecompressionBombError:
        raise EngineError(
            f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels.",
            "Make it smaller.",
        ) from None
    except UnidentifiedImageError:
        raise EngineError(
            "This is no picture of a kind that can be read.", "Save it as PNG or JPEG."
        ) from None
    except DAMAGE as error:
        raise EngineError(
            f"The picture is damaged or cut short ({error}).", "Copy it here once more."
        ) from error


def _image(picture: bytes) -> ImageFile.ImageFile:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large but bearable sizes
        return Image.open(io.BytesIO(picture), formats=_FORMATS)


@contextmanager
def _most_pixels(pixels: int) -> Iterator[None]:
    """Have Pillow refuse pictures beyond this, not beyond its own 178 million.

    It has no other door to this than a global, which is put back; a worker has one thread.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = pixels // 2  # it warns at this, and refuses at twice this
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def decode(image: ImageFile.ImageFile, side: int) -> None:
    """Decode the first frame, only as finely as this many pixels a side need where it can."""
    image.draft(image.mode, (side, side))  # JPEG alone knows of it
    image.load()


def plain(image: ImageFile.ImageFile) -> Image.Image:
    """A loaded picture with 8 bits a sample, and no more pixels than are easily borne."""
    every = 1 + math.isqrt(image.width * image.height // _BEARABLE_PIXELS)
    thin: Image.Image = image
    if every > 1:
        size = (max(1, image.width // every), max(1, image.height // every))
        thin = image.resize(size, Image.Resampling.NEAREST)
    if image.mode.startswith("I") or image.mode == "F":
        return _in_eight_bits(thin, is_scaled=image.format == "PNG")
    return thin


def _in_eight_bits(image: Image.Image, is_scaled: bool) -> Image.Image:
    """Of one deep channel, which Pillow's own conversion would cut off at 255.

    A PNG is scaled: its white is the highest that there is. In other files samples of 10 or 12
    bits stand in 16, so that white is guessed from the highest.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max())
    white = next((white for white in _WHITES if highest <= white), highest)
    grey = values * (255 / (_WHITES[-1] if is_scaled else white))
    return Image.fromarray(np.clip(grey + 0.5, 0, 255).astype(np.uint8))


def shown(image: ImageFile.ImageFile) -> Image.Image:
    """A decoded picture as RGB the way it is meant to be seen, no longer than LONGEST_SIDE."""
    turn = _turn(image)
    fitting = _fitting(_in_colours(plain(image)))
    return fitting if turn is None else fitting.transpose(turn)


def _turn(image: ImageFile.ImageFile) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return None  # the notes are broken; the picture is well


def _in_colours(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        return _on_ground(_small(image.convert("RGBA")))
    if image.mode == "LAB":
        return _small(_from_lab(image))
    return _small(image.convert("RGB"))


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB") if converted is None else converted


def _on_ground(image: Image.Image) -> Image.Image:
    """Over white, as a page would show it; over black where it is pale and mostly clear."""
    alpha = image.getchannel("A")
    shade = image.convert("L")
    is_seen = alpha.getbbox() is not None
    is_pale = is_seen and ImageStat.Stat(shade, mask=alpha).mean[0] > _PALE
    is_clear = ImageStat.Stat(alpha).mean[0] < _CLEAR
    ground = Image.new("RGBA", image.size, "black" if is_pale and is_clear else "white")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _small(image: Image.Image) -> Image.Image:
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return image


def _fitting(image: Image.Image) -> Image.Image:
    """Stretch what has too few pixels one way for an image processor to make sense of."""
    width, height = image.size
    size = (
        max(width, _SHORTEST_SIDE, height // _LONGEST_RATIO),
        max(height, _SHORTEST_SIDE, width // _LONGEST_RATIO),
    )
    return image if size == image.size else image.resize(size, Image.Resampling.NEAREST)
