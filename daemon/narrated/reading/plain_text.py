"""Reads plain text: paragraphs between empty lines."""

import re

from narrated.reading.document import Blocks, Paragraph, Rule, Text

_BREAK = re.compile(r"\n[ \t]*\n\s*")
_RULE = re.compile(r"[-*_=~#+. ]+")


def blocks(text: str) -> tuple[Blocks, ...]:
    """Return the paragraphs of a plain text; a line of symbols (`* * *`) is a thematic break."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in _BREAK.split(text))
    return tuple(_block(paragraph) for paragraph in paragraphs if paragraph)


def _block(paragraph: str) -> Blocks:
    if _RULE.fullmatch(paragraph):
        return Rule()
    return Paragraph((Text(paragraph),))
