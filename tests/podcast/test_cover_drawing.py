"""Covers: square JPEGs of a picture, or of a title in any letters."""

import io

import pytest
from PIL import Image

from narrated.podcast.cover_drawing import cover_jpeg

SIZE = (1400, 1400)


def _opened(jpeg: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(jpeg))
    assert (opened.size, opened.mode, opened.format) == (SIZE, "RGB", "JPEG")
    return opened


def _picture(mode: str, size: tuple[int, int], color: object) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, color).save(written, "TIFF")
    return written.getvalue()


@pytest.mark.parametrize(
    ("size", "mode", "color"),
    [
        ((1, 1), "RGB", (250, 0, 0)),
        ((50, 3000), "L", 128),
        ((3000, 50), "RGBA", (0, 0, 0, 0)),
        ((1400, 1400), "CMYK", (9, 9, 9, 9)),
    ],
)
def test_picture_becomes_a_square(size: tuple[int, int], mode: str, color: object) -> None:
    """A picture of any shape and kind is cut and scaled to a square in RGB."""
    cover = _opened(cover_jpeg("Title", _picture(mode, size, color)))
    low, high = cover.convert("L").getextrema()
    assert high - low < 8


@pytest.mark.parametrize(
    "title", ["A", "My blog, read aloud", "x" * 900, "word " * 90, "", "日本語 \udcff", "\n\0"]
)
def test_title_is_drawn_inside(title: str) -> None:
    """A title of any letters and any length is drawn, white on dark, within its margins."""
    cover = _opened(cover_jpeg(title, b"")).convert("L")
    low, high = cover.getextrema()
    assert low < 110
    left, top, right, bottom = cover.point(lambda grey: 255 * (grey > 180)).getbbox() or (200,) * 4
    assert left > 80 and top > 60 and right < 1340 and bottom < 1340
    assert high > 200 or not title.strip()


def test_title_has_its_colour() -> None:
    """The same title has the same cover, and another title another."""
    assert cover_jpeg("Tea", b"") == cover_jpeg("Tea", b"")
    assert cover_jpeg("Tea", b"") != cover_jpeg("Pots", b"")


@pytest.mark.parametrize("picture", [b"no picture", _picture("RGB", (50, 50), 0)[:900]])
def test_broken_picture_leaves_title(picture: bytes) -> None:
    """A picture that cannot be read is no cover; the title is drawn."""
    assert cover_jpeg("Tea", picture) == cover_jpeg("Tea", b"")
