"""Reads a picture's metadata: its description, its date, and signs of a camera."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from narrated.engines.image_loading import DAMAGE

_LONGEST_CHARACTERS = 2000

_CAMERA_TAGS = (
    ExifTags.Base.ExposureTime,
    ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings,
    ExifTags.Base.FocalLength,
)
"""Only cameras write these; scanners and screenshots may name a maker too."""

_IPTC_CAPTION, _IPTC_CHARSET, _IPTC_UTF8 = (2, 120), (1, 90), b"\x1b%G"

_XMP_DESCRIPTIONS = (
    "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}AltTextAccessibility",
    "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}ExtDescrAccessibility",
    "{http://purl.org/dc/elements/1.1/}description",
)
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_RDF_ENTRY = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"

# Texts of cameras, scanners and programs in the fields for a person's description.
_BOILERPLATE = re.compile(
    r"""
    (?: \w+ \s )? (?: digital \s )? (?: still \s )? camera (?: \s pictures )?
    | .* \b digital \s (?: still \s )? camera
    | sony \s dsc | dsc | dcim | ascii | unicode | jfif | default | untitled | unknown | none
    | image | picture | photo | comment | description | binary \s comment | my \s beautiful \s .*
    | screen \s? shot | screenshot .*
    | exif [_ -] jpeg .* | lead \s technologies .* | lavc .* | vlcsnap .* | .* imagemagick .*
    | (?: created | made | edited | generated | saved | exported | converted | processed
        | optimi[sz]ed | compressed | written | drawn | scanned | produced ) \s
      (?: with | by | in | from | using | on ) \s .*
    | (?: file \s written \s by | creator \s? : | software \s? : | copyright | \(c\) | © ) .*
    | [\w-]* \d [\w-]* (?: \. \w{3,4} )?
    | [\W\d_]*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SCREENSHOT = re.compile(r"screen\s?shot", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """The metadata of a picture that its description uses."""

    description: str
    """A person's description; empty if there is none."""
    is_photograph: bool
    is_screenshot: bool
    is_turned: bool
    """True if viewers exchange its width and height."""
    taken: date | None


def read_metadata(image: ImageFile.ImageFile) -> ImageMetadata:
    """Read the metadata of a loaded picture."""
    base, exif = _exif(image)
    texts = [folded for text in _texts(image, base, exif) if (folded := _folded(text))]
    equipment = {str(base.get(tag, "")).strip().casefold() for tag in (0x010F, 0x0110)}
    descriptions = [
        text
        for text in texts
        if not _BOILERPLATE.fullmatch(text) and text.casefold() not in equipment
    ]
    return ImageMetadata(
        description=_sentence(descriptions[0]) if descriptions else "",
        is_photograph=any(tag in exif or tag in base for tag in _CAMERA_TAGS),
        is_screenshot=any(_SCREENSHOT.match(text) for text in texts),
        is_turned=base.get(ExifTags.Base.Orientation) in (5, 6, 7, 8),
        taken=_date(exif.get(ExifTags.Base.DateTimeOriginal)),
    )


def _exif(image: ImageFile.ImageFile) -> tuple[Image.Exif, dict[int, object]]:
    try:
        base = image.getexif()
        return base, base.get_ifd(ExifTags.IFD.Exif)
    except DAMAGE:
        return Image.Exif(), {}  # the metadata is broken; the picture is fine


def _texts(image: ImageFile.ImageFile, base: Image.Exif, exif: dict[int, object]) -> Iterator[str]:
    """Yield possible descriptions, the most likely first."""
    yield from _xmp(image)
    yield from _iptc(image)
    yield _decoded(base.get(ExifTags.Base.ImageDescription))
    yield _comment(exif.get(ExifTags.Base.UserComment))
    for tag in (ExifTags.Base.XPComment, ExifTags.Base.XPSubject, ExifTags.Base.XPTitle):
        if isinstance(value := base.get(tag), bytes):
            yield value.decode("utf-16-le", "ignore")
    for name in ("Description", "Comment", "comment", "Title"):
        yield _decoded(image.info.get(name))


def _xmp(image: Image.Image) -> Iterator[str]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = packet.encode("utf-8", "ignore") if isinstance(packet, str) else bytes(packet)
    if not text or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return  # no honest packet declares entities
    try:
        root = ElementTree.fromstring(text.strip(b"\0 \n\r\t"))
    except (ElementTree.ParseError, ValueError):
        return
    for name in _XMP_DESCRIPTIONS:
        for found in root.iter(name):
            yield _entry(found)
        for element in root.iter():
            if attribute := element.get(name):
                yield attribute


def _entry(found: ElementTree.Element) -> str:
    entries = {entry.get(_XML_LANGUAGE): entry.text or "" for entry in found.iter(_RDF_ENTRY)}
    if not entries:
        return found.text or ""
    return entries.get("x-default") or next(iter(entries.values()))


def _iptc(image: ImageFile.ImageFile) -> Iterator[str]:
    try:
        records = IptcImagePlugin.getiptcinfo(image) or {}
    except (SyntaxError, ValueError, IndexError, OSError):
        return  # broken records; the picture is fine
    caption = records.get(_IPTC_CAPTION)
    for value in caption if isinstance(caption, list) else [caption]:
        if isinstance(value, bytes) and records.get(_IPTC_CHARSET) == _IPTC_UTF8:
            yield value.decode("utf-8", "replace")
        else:
            yield _decoded(value)


def _comment(value: object) -> str:
    """Decode EXIF's UserComment: eight bytes name its character set."""
    if not isinstance(value, bytes):
        return _decoded(value)
    charset, text = value[:8], value[8:]
    if charset == b"UNICODE\0":
        order = "utf-16-le" if text[1:2] == b"\0" else "utf-16-be"
        return text.decode(order, "ignore")
    if charset in (b"ASCII\0\0\0", bytes(8)):
        return _decoded(text)
    return ""


def _decoded(value: object) -> str:
    """Decode text of an unnamed character set: valid UTF-8, or else Latin-1."""
    if isinstance(value, str):
        try:
            # Pillow gives EXIF and PNG bytes as Latin-1, though most programs write UTF-8.
            return value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return value
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return ""


def _folded(text: str) -> str:
    printed = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printed.split())[:_LONGEST_CHARACTERS]


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?…:;\"'”’)»。！？" else f"{text}."


def _date(value: object) -> date | None:
    try:
        return datetime.strptime(str(value)[:10], "%Y:%m:%d").date()
    except ValueError:
        return None
