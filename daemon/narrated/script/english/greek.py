"""Name a lone Greek letter: Δt is "delta t"; words in Greek stay."""

import re
import unicodedata

_GREEK = "Ͱ-Ͽἀ-῿"
# Ω after a number and µ before a letter are units.
_LONE = re.compile(
    rf"(?<![{_GREEK}])(?:[Α-ΠΣ-Ψα-λν-ω]|[µμ](?![A-Za-z])(?<!\d[µμ])(?<!\d [µμ]))(?![{_GREEK}])"
)
_JOINED = re.compile("[A-Za-z0-9₀-₉]")
_SPELLINGS = {"lamda": "lambda", "sign": "mu"}


def may_be_named(sign: str) -> bool:
    """True for a letter that may stand alone."""
    return bool(_LONE.fullmatch(sign))


def name_greek(text: str) -> str:
    """Write each Greek letter that stands alone as its name."""
    return _LONE.sub(_name, text)


def _name(found: re.Match[str]) -> str:
    text, begin, end = found.string, found.start(), found.end()
    name = unicodedata.name(found[0]).rsplit(" ", 1)[-1].lower()
    before = " " if text[max(0, begin - 1) : begin].isalnum() else ""
    after = " " if _JOINED.match(text, end) else ""
    return f"{before}{_SPELLINGS.get(name, name)}{after}"
