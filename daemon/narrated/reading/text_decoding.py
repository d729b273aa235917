"""Decodes the bytes of a source to text: byte order mark, UTF-8, declaration, detection."""

import codecs
import re

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.charset_detection import detect_charset, detect_utf16

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
_UTF16_HINTS = (b"\0", b"\1", b"\2")
"""Bytes of a space, a line end or a full stop in UTF-16; other texts have none of them."""
_JIS = (b"\x1b$B", b"\x1b$@")
"""Beginnings of seven-bit Japanese (ISO-2022-JP), which is valid UTF-8 too."""
_CONTROLS = bytes((*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20)))
_SHARE_OF_CONTROLS = 0.002
# Python codecs that are no charset: some undo escapes, or take hours over a long text.
_NO_CHARSETS = frozenset(
    {"base64", "bz2", "hex", "idna", "punycode", "quopri", "raw-unicode-escape", "rot13"}
    | {"undefined", "unicode-escape", "utf-7", "uu", "zlib"}
)
# Characters that break parsers: controls, and code points that are no characters.
_DROPPED = dict.fromkeys((*range(32), *range(127, 160), 65279, 65534, 65535), "")
# In a text decoded as Latin-1, these are the quotation marks and dashes of Windows-1252.
_DROPPED |= {
    code: sign for code in range(128, 160) if (sign := bytes([code]).decode("cp1252", "ignore"))
}
_DROPPED |= dict.fromkeys((0x0A, 0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n") | {0x09: "\t"}
_UNTIDY_BYTES = bytes((*range(9), *range(0x0B, 0x20), 0x7F))
_UNTIDY_LINE_ENDS = (b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_UNTIDY_SIGNS = (re.compile(rb"\xc2[\x80-\x9f]"), re.compile(rb"\xef(?:\xbb\xbf|\xbf[\xbe\xbf])"))
"""Signs to drop in UTF-8: controls, line ends of Unicode, later controls, marks."""
_UNFIT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{1,4})(?![0-9a-f])|0*([0-9]{1,5})(?![0-9]));?", re.I)
_REMEDY = "Save it as UTF-8 text, or remove it."


def decoded(data: bytes, name: str) -> str:
    """Return the text of a source, with `\\n` line ends and without control characters.

    In this order: byte order mark, UTF-16 without one, UTF-8, the charset that an HTML page
    declares, detection by letters, Windows-1252. Raises SourceError for data that is not text.
    """
    for beginning, what in _NO_TEXTS:
        if data.startswith(beginning):
            raise SourceError(f"{printable(name)} is {what}, not text.", _REMEDY)
    text = _decode_marked(data, name) or _decode_unmarked(data, name)
    if _count(_CONTROLS, text) > _SHARE_OF_CONTROLS * len(text):
        raise SourceError(f"{printable(name)} holds binary data, not text.", _REMEDY)
    return cleaned(text)


def cleaned(text: str) -> str:
    """Return a text with `\\n` line ends only, and without control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_DROPPED) if _is_untidy(text) else text


def _is_untidy(text: str) -> bool:
    """True for a text with signs to drop; bytes are searched many times as fast as letters."""
    written = text.encode(errors="surrogatepass")
    if len(written.translate(None, _UNTIDY_BYTES)) < len(written):
        return True
    has_line_end = any(sign in written for sign in _UNTIDY_LINE_ENDS)
    return has_line_end or any(signs.search(written) for signs in _UNTIDY_SIGNS)


def _count(signs: bytes, text: str) -> int:
    written = text.encode(errors="surrogatepass")
    return len(written) - len(written.translate(None, signs))


def without_control_references(html: str) -> str:
    """Return HTML without character references to control characters (`&#27;`)."""
    return _REFERENCE.sub(_character, html) if "&#" in html else html


def has_controls(text: str) -> bool:
    """True if a text holds control characters or lone surrogates."""
    return bool(_UNFIT.search(text))


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    return _DROPPED.get(code, found[0])


def _decode_marked(data: bytes, name: str) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    return _decode(data, encoding, name) if encoding else ""


def _decode_unmarked(data: bytes, name: str) -> str:
    # First, because UTF-16 of ASCII letters is valid UTF-8 too, full of zeros.
    if any(sign in data for sign in _UTF16_HINTS) and (encoding := detect_utf16(data)):
        return _decode(data, encoding, name)
    if any(sign in data for sign in _JIS):
        return _decode(data, "iso2022_jp", name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode(data, _declared(data) or detect_charset(data), name)


def _declared(data: bytes) -> str:
    found = _DECLARED.search(data[:4096])
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else ""
    except (LookupError, UnicodeDecodeError):
        return ""
    return "" if name in _NO_CHARSETS else name


def _decode(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        problem = f"{printable(name)} is not text in any known encoding."
        raise SourceError(problem, _REMEDY) from error
