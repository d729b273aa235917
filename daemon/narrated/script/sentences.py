"""Where sentences end."""

import re

import sentencex

_LETTERS = re.compile(r"\S")


def sentences(text: str, language: str) -> list[str]:
    """Part a line into its sentences, in order; nothing but the white space between them goes."""
    found = [piece.strip() for piece in sentencex.segment(language.split("-")[0] or "en", text)]
    found = [piece for piece in found if piece]
    return found if _signs(" ".join(found)) == _signs(text) else [text.strip()]


def _signs(text: str) -> str:
    return "".join(_LETTERS.findall(text))
