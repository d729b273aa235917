"""Opens untrusted pictures for viewing: upright, in 8 bits, on an opaque background."""

import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageStat, UnidentifiedImageError

from narrated.errors import EngineError

MOST_PIXELS = 400_000_000
"""Most pixels of a picture: decoded in colours, these take 1.6 GB."""

LONGEST_SIDE = 1024
"""Captioners use 224 to 768 pixels a side; larger pictures only make the others slower."""

# No others: for EPS, Pillow starts Ghostscript, and that runs the file's program.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")

_BEARABLE_PIXELS = 50_000_000
"""Above it, every n-th pixel is enough: the result is far smaller."""

_SHORTEST_SIDE = 32
"""Below it, an image processor mistakes the height for the channels, or finds no patch."""
_LONGEST_RATIO = 50
"""Image processors refuse narrower pictures, or describe them badly."""

_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""Possible white levels of deep samples; the first that no sample exceeds counts."""

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
"""The transposition for each value of EXIF's Orientation."""

DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError),
    *(struct.error, zlib.error, ImageCms.PyCMSError),
)
"""Exceptions of Pillow's decoders for damaged files."""


class _PillowSettings:
    """Pillow's limit and Python's warnings, both global, as long as any thread opens a picture.

    Pillow shall refuse pictures beyond our limit, instead of its own 178 million pixels, and warn
    of nothing: of odd metadata, and of sizes that we allow.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = ExitStack()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply them; the last thread restores what was before."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._apply()
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._before.close()

    def _apply(self) -> None:
        self._before.enter_context(warnings.catch_warnings(action="ignore"))
        self._before.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # it warns at this, and refuses at twice this


_settings = _PillowSettings()


@contextmanager
def open_image(picture: bytes) -> Iterator[ImageFile.ImageFile]:
    """Open a picture's file, not yet decoded. Its damage becomes an EngineError."""
    try:
        with (
            _settings.applied(),
            Image.open(io.BytesIO(picture), formats=_FORMATS) as image,
        ):
            yield image
    except Image.DecompressionBombError:
        problem = f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels."
        raise EngineError(problem, "Make it smaller.") from None
    except UnidentifiedImageError:
        raise EngineError(
            "This is no picture in a known format.", "Save it as PNG or JPEG."
        ) from None
    except DAMAGE as error:
        raise EngineError(
            f"The picture is damaged or cut short ({error}).", "Copy it to the inbox again."
        ) from error


def is_vast(image: Image.Image) -> bool:
    """True if decoding it takes much memory."""
    return image.width * image.height > _BEARABLE_PIXELS


def decode(image: ImageFile.ImageFile, side: int) -> None:
    """Decode the first frame, at a reduced size if the format can: at least `side` pixels."""
    image.draft(image.mode, (side, side))  # only JPEG can
    image.load()


def to_eight_bits(image: ImageFile.ImageFile) -> Image.Image:
    """Convert a loaded picture to 8 bits a sample, and thin out very large ones."""
    every = 1 + math.isqrt(image.width * image.height // _BEARABLE_PIXELS)
    thin: Image.Image = image
    if every > 1:
        size = (max(1, image.width // every), max(1, image.height // every))
        thin = image.resize(size, Image.Resampling.NEAREST)
    if image.mode.startswith("I") or image.mode == "F":
        return _in_eight_bits(thin, is_scaled=image.format == "PNG")
    return thin


def _in_eight_bits(image: Image.Image, is_scaled: bool) -> Image.Image:
    """Convert one deep channel; Pillow's own conversion clips it at 255.

    The white of a PNG is the highest possible value. Other files hold samples of 10 or 12 bits in
    16, so their white is guessed from the highest sample.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max())
    white = next((white for white in _WHITES if highest <= white), highest)
    grey = values * (255 / (_WHITES[-1] if is_scaled else white))
    return Image.fromarray(np.clip(grey + 0.5, 0, 255).astype(np.uint8))


def to_upright_rgb(image: ImageFile.ImageFile) -> Image.Image:
    """Convert a decoded picture to upright RGB, at most LONGEST_SIDE pixels a side."""
    turn = _turn(image)
    fitting = _wide_enough(_in_colours(to_eight_bits(image)))
    return fitting if turn is None else fitting.transpose(turn)


def _turn(image: ImageFile.ImageFile) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return None  # the metadata is broken; the picture is fine


def _in_colours(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        return _on_background(_small(image.convert("RGBA")))
    if image.mode == "LAB":
        return _small(_from_lab(image))
    return _small(image.convert("RGB"))


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB") if converted is None else converted


def _on_background(image: Image.Image) -> Image.Image:
    """Put it over white, as a page does; over black if it is pale and mostly transparent."""
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


def _wide_enough(image: Image.Image) -> Image.Image:
    width, height = image.size
    size = (
        max(width, _SHORTEST_SIDE, height // _LONGEST_RATIO),
        max(height, _SHORTEST_SIDE, width // _LONGEST_RATIO),
    )
    return image if size == image.size else image.resize(size, Image.Resampling.NEAREST)
