r"""Finds formulas between TeX's delimiters: `\(x^2\)`, `\[x = 1\]`, `\begin{align}…\end{align}`.

In CommonMark `\[` is a bracket without meaning, so the content decides.
"""

import re
from collections.abc import Iterator

from narrated.reading.html_element_names import names

ENVIRONMENTS = names("""
    equation align alignat gather multline flalign eqnarray math displaymath matrix pmatrix bmatrix
    vmatrix Bmatrix Vmatrix smallmatrix cases split aligned alignedat gathered array subequations
    dcases numcases
    """)
_LONGEST = 4_000
INLINE = re.compile(rf"\\\((?P<text>(?:[^\\]|\\[^()]){{1,{_LONGEST}}}?)\\\)", re.S)
DISPLAY = re.compile(rf"\\\[(?P<text>(?:[^\\]|\\[^\[\]]){{1,{_LONGEST}}}?)\\\]", re.S)
_EITHER = re.compile(
    rf"\\\((?P<inline>(?:[^\\]|\\[^()]){{1,{_LONGEST}}}?)\\\)"
    rf"|\\\[(?P<display>(?:[^\\]|\\[^\[\]]){{1,{_LONGEST}}}?)\\\]"
    rf"|\\begin\{{(?P<name>[a-zA-Z]{{1,20}}\*?)\}}(?P<inner>.{{0,{_LONGEST}}}?)\\end\{{(?P=name)\}}",
    re.S,
)
_COMMAND = re.compile(r"\\[a-zA-Z]+(?:\{[^{}]{0,200}\})?|\\[,;!: ]")
_SIGNS = re.compile(r"[\^_={}<>+*/|≤≥±×]")
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHORT = re.compile(r"\s*[^\W\d_]{1,2}\d?(?:\s*[-,()!'.:]\s*(?:\w{1,3}\b)?)*\s*")


def is_formula(text: str) -> bool:
    """True if a text between delimiters is mathematics, not words in escaped brackets."""
    bare = _COMMAND.sub("", text)
    if len(bare) < len(text):
        return True
    if _WORD.search(bare) or "\n\n" in text:
        return False
    return _SIGNS.search(text) is not None or _SHORT.fullmatch(text) is not None


def split_formulas(text: str) -> Iterator[tuple[str, bool]]:
    """Split a text at its formulas; yield each part, and True for a formula."""
    done = 0
    for found in _EITHER.finditer(text):
        inner = found["inline"] or found["display"] or found["inner"] or ""
        known = found["name"] is None or found["name"].rstrip("*") in ENVIRONMENTS
        if known and (found["name"] or is_formula(inner)):
            yield text[done : found.start()], False
            yield inner, True
            done = found.end()
    yield text[done:], False
