"""Raised signs that say something: 10⁶ and x², not the raised number of a note."""

import re

from bs4 import Tag

_BASE = re.compile(r"(?:\d|(?<![^\W_])[^\W\d_]|(?<![^\W_])[kcdmnµ]m|(?<![^\W_])ft)\Z")
_EXPONENT = re.compile(r"[-+−]?\d{1,4}|[-+−]?[nkmxyNM]")
_SQUARES = {"2": "²", "3": "³"}


def power(tag: Tag, before: str) -> str:
    """Give what a <sup> after this text writes as an exponent; nothing where it is none."""
    exponent = tag.get_text().strip()
    if tag.find("a") or not _EXPONENT.fullmatch(exponent) or not _BASE.search(before):
        return ""
    return _SQUARES.get(exponent) or f"^{exponent.replace('−', '-')}"
