"""Turn the spans of running text into words."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from narrated.reading.document import (
    Deleted,
    Emphasis,
    FootnoteMark,
    InlineCode,
    InlineMath,
    InlinePicture,
    LineBreak,
    Link,
    Spans,
    Text,
)
from narrated.script import announcements
from narrated.script.code_words import code_words
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, Captions

UNDESCRIBED = Caption(missing="nobody has described it yet")
_MOST_WORDS_OF_CODE = 8
_BREAK = "\n"
_BEGINS, _ENDS = "\x02", "\x03"  # keep our words apart from the author's
_INNER_EDGES = re.compile(rf"(?<=\w){_BEGINS}|{_ENDS}(?=[\w{_BEGINS}])")
_EDGES = re.compile(f"[{_BEGINS}{_ENDS}]")
_SPACE_BEFORE_END = re.compile(r"(?<=\))\s+(?=[.,;:!?])")
_UNENDED_LINE = re.compile(r"(?<=[\w)”’\"'])\s*\n\s*")


@dataclass(frozen=True, slots=True)
class InlineText:
    """Turns spans into words, with captions, a lexicon and a language."""

    captions: Captions
    lexicon: Lexicon
    language: str = "en"
    links: Literal["text", "announce"] = "text"

    def words(self, spans: Iterable[Spans]) -> str:
        """Say spans on one line; footnote marks are silent, broken lines get a comma."""
        text = _EDGES.sub("", _INNER_EDGES.sub(" ", self._joined(spans))).strip()
        text = _SPACE_BEFORE_END.sub("", _UNENDED_LINE.sub(", ", text))
        return " ".join(text.split())

    def code(self, text: str) -> str:
        """Say code in words, after the lexicon changed the written code."""
        return code_words(self.lexicon.apply(" ".join(text.split())), self.language)

    def is_read(self, code: InlineCode) -> bool:
        """True if code inside a sentence is short enough to be said."""
        return len(self.code(code.text).split()) <= _MOST_WORDS_OF_CODE

    def _joined(self, spans: Iterable[Spans]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: Spans) -> str:
        match span:
            case Text(text):
                return text.replace(_BREAK, " ")
            case InlineCode(text):
                said = self.code(text) if self.is_read(span) else announcements.CODE_SNIPPET
                return f" {said} " if text != text.strip() else said
            case Emphasis(spans=inner):
                return self._joined(inner)
            case Deleted(spans=inner):
                words = self._joined(inner)
                return announcements.struck_out(words) if words.strip() else words
            case Link(spans=inner, target=target):
                words = self._joined(inner)
                announced = self.links == "announce" and target and words.strip()
                return f"{words} {announcements.LINK}" if announced else words
            case InlinePicture(source, alt, title):
                caption = self.captions.get(source, UNDESCRIBED)
                return f" {announcements.describe_inline_picture(alt, title, caption.text)} "
            case InlineMath():
                return f"{_BEGINS}{announcements.INLINE_FORMULA}{_ENDS}"
            case LineBreak():
                return _BREAK
            case FootnoteMark():
                return ""


def called_footnotes(spans: Iterable[Spans]) -> Iterator[str]:
    """Give the labels of the footnote marks in these spans, in order."""
    for span in flatten_spans(spans):
        if isinstance(span, FootnoteMark):
            yield span.label


def inline_pictures(spans: Iterable[Spans]) -> Iterator[InlinePicture]:
    """Give the pictures inside these spans, in order."""
    for span in flatten_spans(spans):
        if isinstance(span, InlinePicture):
            yield span


def inline_codes(spans: Iterable[Spans]) -> Iterator[InlineCode]:
    """Give the code inside these spans, in order."""
    for span in flatten_spans(spans):
        if isinstance(span, InlineCode):
            yield span


def flatten_spans(spans: Iterable[Spans]) -> Iterator[Spans]:
    """Give spans and the spans inside them, in order."""
    for span in spans:
        yield span
        if isinstance(span, Emphasis | Deleted | Link):
            yield from flatten_spans(span.spans)
