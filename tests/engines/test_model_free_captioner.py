"""The captioner without a model says what can be known of a picture, and no more."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from engines.paint import BLUE, GREEN, RED, painted, saved
from narrated.engines.interface import CaptionRequest, CaptionResult, RequestFailure
from narrated.engines.model_free_captioner import describe, load
from support.engine_context import PlainContext


def camera_exif(**more):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "EOS 5D"
    exif.get_ifd(0x8769).update({0x829A: TiffImagePlugin.IFDRational(1, 250), **more})
    return exif


def with_tag(tag, value):
    exif = Image.Exif()
    exif[tag] = value
    return saved(painted(), "JPEG", exif=exif)


def iptc_jpeg(text):
    record = b"\x1c\x01\x5a\x00\x03\x1b%G" + b"\x1c\x02\x78" + struct.pack(">H", len(text)) + text
    block = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(record)) + record
    segment = b"Photoshop 3.0\x00" + block + b"\x00" * (len(record) % 2)
    jpeg = saved(painted(), "JPEG")
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def xmp_packet(text):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description><dc:description><rdf:Alt>'
        f'<rdf:li xml:lang="de">Auf Deutsch</rdf:li><rdf:li xml:lang="x-default">{text}</rdf:li>'
        "</rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def test_plain_picture_has_colour():
    """A plain picture is an image of a shape and a colour."""
    assert describe(saved(painted())) == "An image, wide, all blue."


def test_two_main_colours_are_named():
    """Two main colours are both named."""
    assert describe(saved(painted(320, 200, GREEN, BLUE))) == (
        "An image, wide, mostly green and blue."
    )


def test_many_colours_are_not_listed():
    """Many colours are not listed."""
    colours = (RED, GREEN, BLUE, (250, 220, 20), (120, 120, 120))
    assert describe(saved(painted(300, 200, *colours))) == "An image, wide, of many colours."


def test_only_camera_makes_photograph():
    """A picture is a photograph only where a camera says so."""
    taken = {0x9003: "2024:05:03 10:20:30"}
    assert describe(saved(painted(), "JPEG", exif=camera_exif())).startswith("A photograph,")
    exif = camera_exif()
    exif.get_ifd(0x8769).update(taken)
    assert describe(saved(painted(), "JPEG", exif=exif)) == (
        "A photograph, wide, all blue, taken on the 3rd of May 2024."
    )


def test_scanner_makes_no_photograph():
    """A scanner that names its maker does not make a photograph."""
    assert describe(with_tag(0x010F, "EPSON")).startswith("An image,")


@pytest.mark.parametrize("date", ["0000:00:00 00:00:00", "2024:13:45 00:00:00", "yesterday", ""])
def test_invalid_date_is_left_out(date):
    """A date that is none is not told."""
    exif = camera_exif()
    exif.get_ifd(0x8769)[0x9003] = date
    assert "taken" not in describe(saved(painted(), "JPEG", exif=exif))


@pytest.mark.parametrize(("size", "word"), [((100, 100), "square"), ((90, 300), "very tall")])
def test_shape_is_described(size, word):
    """The shape is told."""
    assert f", {word}," in describe(saved(painted(*size)))


def test_turned_picture_has_its_shape():
    """A turned picture has the shape that is seen."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert ", tall," in describe(saved(painted(320, 200), "JPEG", exif=exif))


def test_exif_description_is_said():
    """A description in exif is what is said."""
    assert describe(with_tag(0x010E, "A cat asleep on a drum")) == "A cat asleep on a drum."


def test_exif_user_comment_is_said():
    """A user comment in exif is what is said."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + "Ein Fuß im Schnee".encode("utf-16-le")
    assert describe(saved(painted(), "JPEG", exif=exif)) == "Ein Fuß im Schnee."


def test_iptc_caption_is_said():
    """A caption in iptc is what is said."""
    assert describe(iptc_jpeg("Zwei Füße im Schnee".encode())) == "Zwei Füße im Schnee."


def test_xmp_default_language_is_said():
    """A description in xmp is what is said in its default language."""
    jpeg = saved(painted(), "JPEG", xmp=xmp_packet("The harbour at dawn."))
    assert describe(jpeg) == "The harbour at dawn."


def test_xmp_with_entities_is_ignored():
    """Xmp that declares entities is not read."""
    packet = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xmp_packet("&a;&a;")
    assert describe(saved(painted(), "JPEG", xmp=packet)) == "An image, wide, all blue."


def test_png_text_is_said():
    """A text in a png is what is said."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Description", "Ein Diagramm – mit Pfeilen")
    assert describe(saved(painted(), pnginfo=text)) == "Ein Diagramm – mit Pfeilen."


@pytest.mark.parametrize(
    "words",
    [
        "OLYMPUS DIGITAL CAMERA",
        "Created with GIMP",
        "SONY DSC",
        "IMG_2034.JPG",
        "DSC00123",
        "Exif_JPEG_PICTURE",
        "   ",
        "- -",
        "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90",
    ],
)
def test_device_text_is_ignored(words):
    """A text that a device writes is no description."""
    assert describe(with_tag(0x010E, words)).startswith("An image, wide")


def test_screenshot_is_recognised():
    """A screenshot that says so is called one."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", "Screenshot")
    assert describe(saved(painted(), pnginfo=text)) == "A screenshot, wide, all blue."


def test_transparent_is_no_colour():
    """A transparent part has no colour."""
    image = painted(200, 200, RED).convert("RGBA")
    image.paste((0, 0, 255, 0), (0, 0, 100, 200))
    assert describe(saved(image)) == "An image, square, all red, partly transparent."
    assert "wholly transparent" in describe(saved(Image.new("RGBA", (9, 9), (1, 2, 3, 0))))


def test_animation_by_first_frame():
    """An animation is told by its first frame."""
    frames = [painted(100, 100, colour) for colour in (RED, GREEN, BLUE)]
    gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert describe(gif) == "An animated image, square, all red."


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_every_colour_mode_works(mode):
    """Every way of holding colours is understood."""
    kind = "JPEG" if mode == "CMYK" else "PNG"
    said = describe(saved(painted(mode=mode), kind))
    assert said.startswith("An image, wide, ")
    assert ("blue" in said) == (mode in ("P", "CMYK"))


def test_sixteen_bits_are_not_white():
    """Sixteen bits a sample are not all white."""
    grey = Image.fromarray(np.full((20, 20), 30000, dtype=np.uint16))
    assert describe(saved(grey)) == "An image, square, all grey."


def test_single_point_has_a_colour():
    """A single point has a colour."""
    assert describe(saved(painted(1, 1, RED))) == "An image, a single point, all red."


def answer(picture):
    engine = load({}, PlainContext())
    engine.admit(CaptionRequest("7", picture))
    (outcome,) = engine.step()
    return outcome


def test_truncated_picture_fails():
    """A picture that ends early fails with a reason."""
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    for kind in ("JPEG", "PNG"):
        whole = saved(Image.fromarray(noise), kind)
        outcome = answer(whole[: len(whole) // 2])
        assert isinstance(outcome, RequestFailure)
        assert "cut short" in outcome.problem


def test_huge_picture_fails_unread():
    """A picture that would fill the memory fails unread."""
    head = saved(painted(10, 10))
    huge = head[:16] + struct.pack(">II", 21000, 20000) + head[24:]
    # The header's checksum must be right, or it is refused for that.
    huge = huge[:29] + struct.pack(">I", zlib.crc32(huge[12:29])) + huge[33:]
    outcome = answer(huge)
    assert isinstance(outcome, RequestFailure)
    assert "400 million" in outcome.problem


def test_no_picture_fails():
    """A file that is no picture fails."""
    outcome = answer(b"So I'm going to continue the tradition")
    assert isinstance(outcome, RequestFailure)
    assert outcome.id == "7"
    assert "no picture" in outcome.problem


def test_any_corruption_is_handled():
    """Every cut and flip of a picture is described or refused."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "By hand")
    random = np.random.default_rng(2)
    originals = [
        saved(painted(40, 30, RED, BLUE), pnginfo=text),
        saved(painted(40, 30, RED, BLUE), "JPEG", exif=camera_exif()),
        saved(painted(40, 30), "GIF"),
        saved(painted(40, 30), "WEBP", xmp=xmp_packet("Hm")),
        saved(painted(40, 30), "TIFF"),
        saved(painted(40, 30), "BMP"),
    ]
    for original in originals:
        for _ in range(60):
            broken = bytearray(original)
            for place in random.integers(0, len(broken), 3):
                broken[place] = random.integers(0, 256)
            assert isinstance(answer(bytes(broken)), CaptionResult | RequestFailure)


def test_cancelled_picture_is_dropped():
    """A picture taken back is not described."""
    engine = load({}, PlainContext())
    engine.admit(CaptionRequest("1", saved(painted())))
    engine.admit(CaptionRequest("2", saved(painted())))
    engine.cancel("1")
    assert [outcome.id for outcome in engine.step()] == ["2"]
