"""Plain text: paragraphs between empty lines."""

import re

from narrated.reading.document import Blocks, Paragraph, Rule, Text

_BREAK = re.compile(r"\n[ \t]*\n\s*")
_RULE = re.compile(r"[-*_=~#+. ]+")


def blocks(text: str) -> tuple[Blocks, ...]:
    """Give the paragraphs of a plain text; a line of signs alone (`* * *`) is a break."""
    pieces = (" ".join(piece.split()) for piece in _BREAK.split(text))
    return tuple(_block(piece) for piece in pieces if piece)


def _block(piece: str) -> Blocks:
    if _RULE.fullmatch(piece):
        return Rule()
    return Paragraph((Text(piece),))
