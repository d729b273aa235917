"""The bytes of a source become text, in whatever encoding its author's editor wrote."""

import codecs
import re

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import utf16_sniffing

_MARKS = (  # the four-byte marks first: a UTF-32 one begins like a UTF-16 one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXTS = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"{\\rtf", "a rich text (RTF)"),
    (b"\x7fELF", "a program"),
    (b"%!PS", "a PostScript file"),
)
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_OF_WIDE = re.compile(rb"[\0-\2]")
"""Bytes of a space, a line end or a full stop in UTF-16, and of nothing in other texts."""
_JIS = (b"\x1b$B", b"\x1b$@")
"""How Japanese of seven bits begins, which is valid UTF-8 too."""
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SHARE_OF_CONTROLS = 0.002
# Codecs of Python that are no charset of a page: some undo escapes, or take hours over a long text.
_NO_CHARSETS = frozenset(
    {"base64", "bz2", "hex", "idna", "punycode", "quopri", "raw-unicode-escape", "rot13"}
    | {"undefined", "unicode-escape", "utf-7", "uu", "zlib"}
)
# What no parser below takes gladly: controls, and code points that are no characters.
_DROPPED = dict.fromkeys((*range(32), *range(127, 160), 65279, 65534, 65535), "")
# Where a text was taken for Latin-1, these are the quotation marks and dashes of Windows.
_DROPPED |= {
    code: sign for code in range(128, 160) if (sign := bytes([code]).decode("cp1252", "ignore"))
}
_DROPPED |= dict.fromkeys((0x0A, 0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n") | {0x09: "\t"}
_UNTIDY = re.compile(f"[{re.escape(''.join(map(chr, _DROPPED.keys() - {0x0A, 0x09})))}]")
_UNFIT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{1,4})(?![0-9a-f])|0*([0-9]{1,5})(?![0-9]));?", re.I)
_REMEDY = "Save it as UTF-8 text, or remove it."


def decoded(data: bytes, name: str) -> str:
    """Give the text of a source, with `\\n` line ends and without control characters.

    A byte order mark decides; else UTF-8, else what an HTML page declares, else UTF-16, else
    what the letters tell, else Windows-1252. Raises SourceError for what is no text.
    """
    for beginning, what in _NO_TEXTS:
        if data.startswith(beginning):
            raise SourceError(f"{printable(name)} is {what}, not text.", _REMEDY)
    text = _marked(data, name) or _unmarked(data, name)
    if len(_CONTROLS.findall(text)) > _SHARE_OF_CONTROLS * len(text):
        raise SourceError(f"{printable(name)} holds binary data, not text.", _REMEDY)
    return cleaned(text)


def cleaned(text: str) -> str:
    """Give a text with `\\n` line ends alone, and without control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Few texts hold any of these, and looking is many times as fast as translating.
    return text.translate(_DROPPED) if _UNTIDY.search(text) else text


def spelled(html: str) -> str:
    """Give HTML without the references to control characters (`&#27;`) that are none in it."""
    return _REFERENCE.sub(_meant, html) if "&#" in html else html


def is_unfit(text: str) -> bool:
    """Tell whether a text holds what no text file may: controls, and halves of characters."""
    return bool(_UNFIT.search(text))


def _meant(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    return _DROPPED.get(code, found[0])


def _marked(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, name)
    return ""


def _unmarked(data: bytes, name: str) -> str:
    # First, since UTF-16 of English letters alone is valid UTF-8 as well, full of zeros.
    if _OF_WIDE.search(data) and (encoding := utf16_sniffing.order(data)):
        return _strict(data, encoding, name)
    if any(sign in data for sign in _JIS):
        return _strict(data, "iso2022_jp", name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, _declared(data) or _guessed(data), name)


def _declared(data: bytes) -> str:
    found = _DECLARED.search(data[:4096])
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else ""
    except (LookupError, UnicodeDecodeError):
        return ""
    return "" if name in _NO_CHARSETS else name


def _guessed(data: bytes) -> str:
    from narrated.reading.charset_detection import encoding_of  # late: most texts are UTF-8

    return encoding_of(data)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        problem = f"{printable(name)} is no readable text in any encoding that is known."
        raise SourceError(problem, _REMEDY) from error
