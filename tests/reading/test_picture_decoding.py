"""Pictures: whole ones are taken, broken ones found; covers are small JPEGs."""

import struct
import zlib
from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageDraw

from narrated.errors import SourceError
from narrated.reading.cover_jpeg import cover
from narrated.reading.document import Picture
from narrated.reading.source_reader import read

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}


def written(picture, form, **options):
    data = BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()


def noise():
    """The same noise each time: one JPEG in forty is whole without its last two bytes."""
    return Image.frombytes("L", (60, 40), Random(1).randbytes(60 * 40)).convert("RGB")


def shown(data):
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("suffix", FORMATS)
def test_picture_is_a_document(suffix):
    """A picture is a document that shows itself."""
    document = read(written(noise(), FORMATS[suffix]), f"holiday/my_photo{suffix}")
    assert (document.kind, document.title) == ("picture", "my photo")
    assert document.blocks == (Picture(f"my_photo{suffix}"),)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("missing", [1, 2, 40, 1000])
def test_truncated_picture_is_found(suffix, missing):
    """A picture cut off anywhere is found."""
    data = written(noise(), FORMATS[suffix])
    with pytest.raises(SourceError, match="a" + suffix):
        read(data[:-missing], f"a{suffix}")


@pytest.mark.parametrize("from_end", [400, 14])
def test_damaged_picture_is_found(from_end):
    """A picture damaged inside is found."""
    data = bytearray(written(noise(), "PNG"))
    data[-from_end] ^= 0xFF  # its pixels, and the checksum over them
    with pytest.raises(SourceError, match="broken"):
        read(bytes(data), "a.png")


def test_fake_pictures_are_refused():
    """An empty picture and a text called .png are refused."""
    for data in (b"", b"# words", b"<svg></svg>"):
        with pytest.raises(SourceError, match=r"a\.png"):
            read(data, "a.png")


def test_huge_picture_is_refused():
    """A picture of too many pixels is refused unopened."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    with pytest.raises(SourceError, match="too many pixels"):
        read(data, "a.png")


def test_camera_picture_gets_cover():
    """A picture of two hundred million pixels is opened and gets a cover."""
    vast = written(Image.new("1", (20_000, 10_000), 1), "PNG", compress_level=1)
    assert shown(cover(vast)).size == (1000, 500)


def test_cover_is_small_jpeg():
    """A cover is a JPEG of at most a thousand pixels a side."""
    found = shown(cover(written(Image.new("RGB", (3000, 1500), "red"), "PNG")))
    assert (found.format, found.size) == ("JPEG", (1000, 500))


def test_small_picture_keeps_its_size():
    """A small picture is not enlarged."""
    assert shown(cover(written(noise(), "PNG"))).size == (60, 40)


def test_a_cover_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    data = written(Image.new("RGB", (60, 40)), "JPEG", exif=exif)
    assert shown(cover(data)).size == (40, 60)


def test_transparency_becomes_white():
    """Transparent areas are white on a cover."""
    assert min(shown(cover(written(Image.new("RGBA", (9, 9)), "PNG"))).getpixel((4, 4))) > 250


def test_a_cover_shows_the_first_frame():
    frames = [Image.new("RGB", (9, 9), "white"), Image.new("RGB", (9, 9), "black")]
    data = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert min(shown(cover(data)).getpixel((4, 4))) > 250


def test_cmyk_picture_keeps_its_colours():
    """A picture for print keeps its colours."""
    data = written(Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "TIFF")
    red, green, blue = shown(cover(data)).getpixel((4, 4))
    assert red > 200 > 60 > max(green, blue)


def test_16_bit_picture_keeps_its_greys():
    """A picture of sixteen bits keeps its greys."""
    picture = Image.new("I;16", (40, 20), 6_000)
    ImageDraw.Draw(picture).rectangle((20, 0, 40, 20), fill=60_000)
    found = shown(cover(written(picture, "PNG"))).convert("L")
    assert found.getpixel((5, 10)) < 40 < 220 < found.getpixel((35, 10))


def test_a_broken_cover_is_an_error():
    with pytest.raises(SourceError):
        cover(b"no picture")
