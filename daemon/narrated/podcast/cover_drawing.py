"""Covers as directories want them: square JPEGs in RGB, from a picture or drawn from a title."""

import colorsys
import hashlib
from io import BytesIO

from anyascii import anyascii
from PIL import Image, ImageDraw, ImageFont, ImageOps

from narrated.errors import SourceError
from narrated.podcast.show import COVER_SIDE as SIDE
from narrated.reading.cover_jpeg import opaque_picture

_QUALITY = 85
_MARGIN = 120
_LARGEST, _SMALLEST = 220, 64
_LONGEST_TITLE = 160
_FONTS = ("DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", "LiberationSans-Bold.ttf")
"""Fonts of usual systems, for letters that Pillow's own lacks."""
_LIGHTNESS, _SATURATION = 0.27, 0.45
"""White on any hue of these has a contrast of at least 5 : 1."""

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def cover_jpeg(title: str, picture: bytes) -> bytes:
    """Make a cover of a picture; without one, or if it is broken, draw it from the title."""
    if picture:
        try:
            return _jpeg(ImageOps.fit(opaque_picture(picture, "The picture", SIDE), (SIDE, SIDE)))
        except SourceError:
            pass
    return _jpeg(_drawn(title))


def _drawn(title: str) -> Image.Image:
    """Draw a title in white on a colour of its own."""
    cover = Image.new("RGB", (SIDE, SIDE), _colour(title))
    draw = ImageDraw.Draw(cover)
    lines, font, height = _fitted(title, draw)
    top = (SIDE - height * len(lines)) / 2
    for place, line in enumerate(lines):
        draw.text((_MARGIN, top + place * height), line, font=font, fill="white")
    return cover


def _fitted(title: str, draw: ImageDraw.ImageDraw) -> tuple[list[str], _Font, float]:
    """Break a title into lines, in the largest letters that fit; too long a title is cut."""
    words = " ".join(title.split())[:_LONGEST_TITLE] or "…"
    for size in range(_LARGEST, _SMALLEST - 1, -12):
        font = _font(size)
        lines = _lines(_with_glyphs(words, font), font, draw)
        if len(lines) * size * 1.25 <= SIDE - 2 * _MARGIN:
            break
    most = int((SIDE - 2 * _MARGIN) / (size * 1.25))
    return lines[:most], font, size * 1.25


def _lines(words: str, font: _Font, draw: ImageDraw.ImageDraw) -> list[str]:
    """Break words into lines; a word that is longer than a line is broken as well."""
    width = SIDE - 2 * _MARGIN
    lines = [""]
    for word in words.split():
        for part in _parts(word, font, draw, width):
            longer = f"{lines[-1]} {part}".strip()
            if draw.textlength(longer, font=font) <= width:
                lines[-1] = longer
            else:
                lines.append(part)
    return [line for line in lines if line]


def _parts(word: str, font: _Font, draw: ImageDraw.ImageDraw, width: float) -> list[str]:
    parts = [""]
    for sign in word:
        if parts[-1] and draw.textlength(parts[-1] + sign, font=font) > width:
            parts.append("")
        parts[-1] += sign
    return parts


def _with_glyphs(words: str, font: _Font) -> str:
    """Transliterate the letters that a font lacks."""
    lacking = bytes(font.getmask("\uffff"))
    return "".join(
        sign if sign.isascii() or bytes(font.getmask(sign)) != lacking else anyascii(sign)
        for sign in words
    )


def _font(size: int) -> _Font:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _colour(title: str) -> tuple[int, int, int]:
    """A dark colour that a title always has."""
    hue = hashlib.sha256(title.encode("utf-8", "replace")).digest()[0] / 256
    red, green, blue = colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION)
    return round(red * 255), round(green * 255), round(blue * 255)


def _jpeg(picture: Image.Image) -> bytes:
    written = BytesIO()
    picture.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
