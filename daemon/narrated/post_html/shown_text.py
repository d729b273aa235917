"""The text of a block as the page shows it, piece by piece: marks are laid over it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from narrated.post_html.text_forms import PageCopies
from narrated.reading import document as doc
from narrated.script.announcements import PICTURE
from narrated.script.inline_text import MOST_WRITTEN

PICTURE_SIGN = "\ufffc"
"""Stands for a picture inside a sentence; it has no words."""


class Piece(NamedTuple):
    """A piece of the text of a block."""

    text: str
    is_said: bool = True
    """False for code, pictures and formulas for which other words are said."""


@dataclass(slots=True)
class _Pieces:
    """Collects pieces; words go on from one to the next, unless something parts them."""

    found: list[Piece] = field(default_factory=list)
    is_parted: bool = True

    def add(self, text: str, *, is_said: bool = True) -> None:
        if is_said and not self.is_parted:
            text = self.found.pop().text + text
        self.found.append(Piece(text, is_said))
        self.is_parted = not is_said

    def part(self) -> None:
        self.is_parted = True


def text_of(block: doc.Blocks, copies: PageCopies) -> list[Piece]:
    """Return the text of a block itself, without that of the blocks inside."""
    match block:
        case doc.Heading(spans=spans) | doc.Paragraph(spans) | doc.Admonition(title=spans):
            return text_of_spans(spans, copies)
        case doc.Code(text) | doc.Math(text):
            return [Piece(text)]
    return []


def text_of_spans(spans: Iterable[doc.Spans], copies: PageCopies) -> list[Piece]:
    """Return the text of spans, as `shown_words` has that of each."""
    pieces = _Pieces()
    joined: list[tuple[str, bool]] = []  # to join few long texts is quicker than many short ones
    for text, kind in _flat(spans, copies):
        if kind == "text":
            joined.append((text, True))
            continue
        _take(pieces, joined)
        if kind == "part":
            pieces.part()
        else:
            pieces.add(text, is_said=False)
    _take(pieces, joined)
    return pieces.found


def _take(pieces: _Pieces, joined: list[tuple[str, bool]]) -> None:
    if joined:
        pieces.add("".join(text for text, _ in joined))
        joined.clear()


def _flat(spans: Iterable[doc.Spans], copies: PageCopies) -> Iterator[tuple[str, str]]:
    for span in spans:
        match span:
            case doc.Emphasis() | doc.Link() | doc.Foreign() | doc.Formatted():
                yield from _flat(span.spans, copies)
            case doc.Deleted(spans=inner):
                yield "", "part"
                yield from _flat(inner, copies)
                yield "", "part"
            case doc.InlineMath(text) if len(text) <= MOST_WRITTEN:
                yield "", "part"
                yield text, "text"
                yield "", "part"
            case doc.InlineMath(text):
                yield text, "other words"
            case doc.InlineCode(text) if len(text) > MOST_WRITTEN:
                yield text, "other words"
            case doc.InlinePicture(source=source) if source in copies:
                yield PICTURE_SIGN, "other words"
            case _:
                yield shown_words(span, copies), "text"


def shown_words(span: doc.Spans, copies: PageCopies) -> str:
    """Return the words that a span without spans inside is shown with."""
    match span:
        case doc.Text(text) | doc.InlineCode(text) | doc.InlineMath(text):
            return text
        case doc.InlinePicture(source, alt, title):
            return PICTURE_SIGN if source in copies else alt or title or PICTURE
        case doc.LineBreak():
            return "\n"
    return ""
