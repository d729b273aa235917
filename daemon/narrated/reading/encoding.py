"""The bytes of a source become text, in whatever encoding its author's editor wrote."""

import codecs
import re

from narrated.errors import SourceError
from narrated.printable import printable

_MARKS = (  # the four-byte marks first: a UTF-32 one begins like a UTF-16 one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SHARE_OF_CONTROLS = 0.002
# What no parser below takes gladly: controls, and code points that are no characters.
_DROPPED = dict.fromkeys((*range(32), 127, 65279, 65534, 65535), "")
_DROPPED |= dict.fromkeys((0x0A, 0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n") | {0x09: "\t"}
_REMEDY = "Save it as UTF-8 text, or remove it."


def decoded(data: bytes, name: str) -> str:
    """Give the text of a source, with `\\n` line ends and without control characters.

    A byte order mark decides; else UTF-8, else what an HTML page declares, else Windows-1252.
    Raises SourceError for what is no text.
    """
    text = _marked(data, name) or _guessed(data, name)
    if len(_CONTROLS.findall(text)) > _SHARE_OF_CONTROLS * len(text):
        raise SourceError(f"{printable(name)} holds binary data, not text.", _REMEDY)
    return cleaned(text)


def cleaned(text: str) -> str:
    """Give a text with `\\n` line ends alone, and without control characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED)


def _marked(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, name)
    return ""


def _guessed(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise SourceError(f"{printable(name)} holds binary data, not text.", _REMEDY)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, _declared(data) or "cp1252", name)


def _declared(data: bytes) -> str:
    found = _DECLARED.search(data[:4096])
    try:
        return codecs.lookup(found[1].decode("ascii")).name if found else ""
    except LookupError:
        return ""


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        problem = f"{printable(name)} is no readable text (not even as {encoding})."
        raise SourceError(problem, _REMEDY) from error
