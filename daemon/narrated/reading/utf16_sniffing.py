"""UTF-16 without a byte order mark, told by what every text holds: spaces, line ends, stops."""

import unicodedata

_ORDERS = ("utf-16-le", "utf-16-be")
_SAMPLE = 8_000
_COMMON = frozenset(" \n\r.,、。，")
"""Read in the wrong order, these are signs that no text holds."""
_NO_SIGNS = frozenset({"Cn", "Co", "Cs", "Cc"})
_SHARE_OF_NO_SIGNS = 0.005


def order(data: bytes) -> str:
    """Give the encoding of bytes that are such a text; nothing for others."""
    best = max(_ORDERS, key=lambda encoding: _likeness(data, encoding))
    return best if len(data) % 2 == 0 and _likeness(data, best) > 0 else ""


def _likeness(data: bytes, encoding: str) -> float:
    """Tell what share of a text's signs are common ones; nothing where some are no signs."""
    try:
        text = data[:_SAMPLE].decode(encoding)
    except UnicodeDecodeError as error:
        if error.end < min(len(data), _SAMPLE):
            return 0
        text = data[: error.start].decode(encoding)
    words = "".join(text.split())
    strange = sum(unicodedata.category(sign) in _NO_SIGNS for sign in words)
    if not text or strange > _SHARE_OF_NO_SIGNS * len(text):
        return 0
    return sum(sign in _COMMON for sign in text) / len(text)
