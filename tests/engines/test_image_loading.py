"""Pictures are opened as they are meant to be seen, whatever their files are like."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from engines.paint import BLUE, GREEN, RED, painted, saved
from narrated.engines.image_loading import (
    LONGEST_SIDE,
    MOST_PIXELS,
    decode,
    open_image,
    to_upright_rgb,
)
from narrated.errors import EngineError

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def seen(picture):
    with open_image(picture) as image:
        decode(image, LONGEST_SIDE)
        return to_upright_rgb(image)


def at(image, across, down):
    """The colour at a place, told in shares of the width and height."""
    return image.getpixel((int(across * image.width), int(down * image.height)))


def is_near(colour, other, far=12):
    return all(abs(one - two) <= far for one, two in zip(colour, other, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_picture_is_upright(kind, orientation):
    """A turned picture stands upright."""
    upright = Image.new("RGB", (96, 64), WHITE)
    upright.paste(RED, (0, 0, 48, 32))
    upright.paste(BLUE, (48, 0, 96, 32))
    upright.paste(GREEN, (0, 32, 48, 64))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Transpose.ROTATE_90 is 2, and so on
    held = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = seen(saved(held, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {})))
    assert image.size == (96, 64)
    corners = [at(image, *place) for place in ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8))]
    wanted = [RED, BLUE, GREEN, WHITE]
    assert all(map(is_near, corners, wanted))


def test_broken_orientation_is_ignored():
    """A broken orientation leaves the picture as it is."""
    assert seen(saved(painted(), "JPEG", exif=b"Exif\0\0rubbish that is none")).size == (320, 200)


def test_transparency_gets_white():
    """A transparent part stands on white."""
    image = painted(64, 64, RED).convert("RGBA")
    image.paste((0, 0, 255, 0), (0, 0, 32, 64))
    image = seen(saved(image))
    assert at(image, 0.2, 0.5) == WHITE
    assert is_near(at(image, 0.8, 0.5), RED)


def test_pale_drawing_gets_black():
    """A pale drawing on nothing stands on black."""
    image = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    image.paste((250, 250, 250, 255), (20, 20, 40, 40))
    image = seen(saved(image))
    assert at(image, 0.1, 0.1) == BLACK
    assert is_near(at(image, 0.5, 0.5), (250, 250, 250))


def test_all_transparent_is_white():
    """A wholly transparent picture is white."""
    assert at(seen(saved(Image.new("RGBA", (64, 64), (9, 9, 9, 0)))), 0.5, 0.5) == WHITE


@pytest.mark.parametrize("kind", ["LA", "P"])
def test_other_transparency_modes(kind):
    """Other ways of being transparent are known."""
    if kind == "LA":
        picture = saved(Image.new("LA", (64, 64), (0, 0)))
    else:
        picture = saved(Image.new("P", (64, 64), 0), transparency=0)
    assert at(seen(picture), 0.5, 0.5) == WHITE


def test_opaque_palette_keeps_colours():
    """A palette without transparency keeps its colours."""
    assert is_near(at(seen(saved(painted(64, 64, RED, mode="P"))), 0.5, 0.5), RED, far=40)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animation_shows_first_frame(kind):
    """An animation is seen by its first frame."""
    frames = [painted(64, 64, colour) for colour in (RED, GREEN, BLUE)]
    moving = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    assert is_near(at(seen(moving), 0.5, 0.5), RED, far=40)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind):
    """Adobe's JPEGs hold these inverted, and Pillow writes them so."""
    ink = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    picture = saved(ink, kind)
    assert (b"Adobe" in picture) == (kind == "JPEG")
    assert is_near(at(seen(picture), 0.5, 0.5), (255, 0, 0), far=4)


def test_large_cmyk_is_reduced():
    """A large print is reduced as it is read."""
    ink = Image.new("CMYK", (5000, 4000), (255, 0, 0, 0))
    image = seen(saved(ink, "JPEG"))
    assert image.size == (1024, 819)
    assert is_near(at(image, 0.5, 0.5), (0, 255, 255), far=4)


def test_grey_16_bit_is_scaled():
    """Sixteen bits of grey are scaled and not cut off."""
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (64, 1))
    image = seen(saved(Image.fromarray(ramp)))
    row = [image.getpixel((x, 30))[0] for x in range(256)]
    assert row == pytest.approx(range(256), abs=1)


def test_dark_16_bit_png_stays_dark():
    """A dark png of sixteen bits stays dark."""
    dark = np.full((64, 64), 200, dtype=np.uint16)
    assert at(seen(saved(Image.fromarray(dark))), 0.5, 0.5) == (1, 1, 1)


def test_grey_12_bit_is_scaled():
    """Twelve bits in sixteen are brought out."""
    measured = np.full((64, 64), 2048, dtype=np.uint16)
    measured[:, 32:] = 4095
    image = seen(saved(Image.fromarray(measured), "TIFF"))
    assert is_near(at(image, 0.2, 0.5), (128, 128, 128), far=2)
    assert at(image, 0.8, 0.5) == WHITE


def test_float_samples_are_shown():
    """Real numbers and what is none are seen."""
    values = np.full((64, 64), 0.5, dtype=np.float32)
    values[0, :8] = np.nan
    values[1, :8] = 1.0
    assert is_near(at(seen(saved(Image.fromarray(values), "TIFF")), 0.5, 0.5), (128, 128, 128), 2)


def deep_png(colour, width=64, height=64):
    """A PNG of 16 bits a sample in three colours, which Pillow reads and does not write."""
    row = b"\0" + struct.pack(">HHH", *colour) * width

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    body = zlib.compress(row * height)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", head), chunk(b"IDAT", body), chunk(b"IEND", b"")]
    )


def test_colour_16_bit_is_scaled():
    """Sixteen bits of colour are scaled."""
    image = seen(deep_png((65535, 32768, 256)))
    assert is_near(at(image, 0.5, 0.5), (255, 128, 1), far=1)


def test_lab_becomes_rgb():
    """Colours of the eye become those of a screen."""
    lab = ImageCms.profileToProfile(
        painted(64, 64, RED),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert is_near(at(seen(saved(lab, "TIFF")), 0.5, 0.5), RED)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_one_channel_becomes_three(mode):
    """One channel becomes three."""
    assert at(seen(saved(Image.new(mode, (64, 64), 255))), 0.5, 0.5) == WHITE


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((1, 1), (32, 32)),
        ((3, 3), (32, 32)),
        ((4000, 3000), (1024, 768)),
        ((1024, 500), (1024, 500)),
        ((20000, 1), (1024, 32)),
        ((2, 9000), (32, 1024)),
    ],
)
def test_any_size_becomes_usable(size, becomes):
    """Any size becomes one that can be looked at."""
    image = seen(saved(Image.new("RGB", size, RED)))
    assert image.size == becomes
    assert is_near(at(image, 0.5, 0.5), RED)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "P"), ("PNG", "L"), ("JPEG", "L")])
def test_megapixels_200_are_shown(kind, mode):
    """Two hundred megapixels are seen."""
    image = Image.new(mode, (14200, 14100), 255 if mode == "L" else 0)
    if mode == "P":
        image.putpalette([*RED, *([0] * 765)])
    image = seen(saved(image, kind, **({"compress_level": 1} if kind == "PNG" else {})))
    assert image.size == (1024, 1017)
    assert is_near(at(image, 0.5, 0.5), RED if mode == "P" else WHITE)


def test_megapixels_200_memory():
    """Hardly more than the pixels themselves: 0.8 GB as Pillow holds colours."""
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from narrated.engines.image_loading import decode, open_image, to_upright_rgb\n"
        "def peak():\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    return 1024 * int(re.search(r'VmHWM:\\s*(\\d+)', status)[1])\n"
        "picture = sys.stdin.buffer.read()\n"
        "before = peak()\n"
        "with open_image(picture) as image:\n"
        "    decode(image, 1024)\n"
        "    assert to_upright_rgb(image).size == (1024, 1017)\n"
        "print(peak() - before)\n"
    )
    picture = saved(Image.new("RGB", (14200, 14100), RED), compress_level=1)
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, input=picture, capture_output=True, check=True)
    assert 0.9 * 4 * 14200 * 14100 < int(run.stdout) < 1.3 * 4 * 14200 * 14100


def test_more_pixels_are_refused():
    """More pixels than are borne are refused unread."""
    head = saved(painted(10, 10))
    huge = head[:16] + struct.pack(">II", 21000, 20000) + head[24:]
    huge = huge[:29] + struct.pack(">I", zlib.crc32(huge[12:29])) + huge[33:]
    with pytest.raises(EngineError, match="more than 400 million pixels"):
        seen(huge)
    assert MOST_PIXELS == 400_000_000


def test_pillow_limit_is_restored():
    """Pillow is left as it was."""
    before = Image.MAX_IMAGE_PIXELS
    seen(saved(painted()))
    with pytest.raises(EngineError):
        seen(b"no picture")
    assert before == Image.MAX_IMAGE_PIXELS


def test_threads_share_pillows_limit():
    """Pillow keeps our limit until the last thread has closed its picture, then gets its own."""
    before, ours = Image.MAX_IMAGE_PIXELS, MOST_PIXELS // 2
    first, second = open_image(saved(painted())), open_image(saved(painted()))
    first.__enter__()
    second.__enter__()
    assert ours == Image.MAX_IMAGE_PIXELS
    first.__exit__(None, None, None)
    assert ours == Image.MAX_IMAGE_PIXELS
    second.__exit__(None, None, None)
    assert before == Image.MAX_IMAGE_PIXELS


def test_postscript_is_refused():
    """A program for a printer is no picture."""
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n"
    with pytest.raises(EngineError, match="no picture in a known format"):
        seen(page)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_truncated_is_refused(kind):
    """A picture that ends early is refused."""
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), kind)
    with pytest.raises(EngineError, match=r"cut short|no picture"):
        seen(whole[: len(whole) // 2])


def test_any_corruption_is_handled():
    """Every cut and flip is seen or refused."""
    random = np.random.default_rng(2)
    small = painted(40, 30, RED, BLUE)
    grey = Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40))
    originals = [saved(small, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")]
    originals += [saved(grey), saved(small.convert("CMYK"), "JPEG"), deep_png((1, 2, 3), 40, 30)]
    for original in originals:
        for _ in range(40):
            broken = bytearray(original)
            for place in random.integers(0, len(broken), 3):
                broken[place] = random.integers(0, 256)
            try:
                image = seen(bytes(broken))
            except EngineError as error:
                assert error.remedy
            else:
                assert image.mode == "RGB"
                assert max(image.size) <= LONGEST_SIDE
