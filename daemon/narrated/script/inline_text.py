"""Turn the spans of running text into words."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from narrated.reading import document as doc
from narrated.script import announcements
from narrated.script.code_words import code_words
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, Captions

_SpanT = TypeVar("_SpanT", bound=doc.Span)

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
    links: Literal["fold", "text", "announce"] = "fold"

    def words(self, spans: Iterable[doc.Spans]) -> str:
        """Say spans on one line; footnote marks are silent, broken lines get a comma."""
        text = _EDGES.sub("", _INNER_EDGES.sub(" ", self._joined(spans))).strip()
        text = _SPACE_BEFORE_END.sub("", _UNENDED_LINE.sub(", ", text))
        return " ".join(text.split())

    def code(self, text: str) -> str:
        """Say code in words, after the lexicon changed the written code."""
        return code_words(self.lexicon.apply(" ".join(text.split())), self.language)

    def is_read(self, code: doc.InlineCode) -> bool:
        """True if code inside a sentence is short enough to be said."""
        return len(self.code(code.text).split()) <= _MOST_WORDS_OF_CODE

    def _joined(self, spans: Iterable[doc.Spans]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: doc.Spans) -> str:
        match span:
            case doc.Text(text):
                return text.replace(_BREAK, " ")
            case doc.InlineCode(text):
                said = self.code(text) if self.is_read(span) else announcements.CODE_SNIPPET
                return f" {said} " if text != text.strip() else said
            case doc.Emphasis(spans=inner):
                return self._joined(inner)
            case doc.Deleted(spans=inner):
                words = self._joined(inner)
                return announcements.struck_out(words) if words.strip() else words
            case doc.Link(spans=inner, target=target):
                words = self._joined(inner)
                announced = self.links == "announce" and target and words.strip()
                return f"{words} {announcements.LINK}" if announced else words
            case doc.InlinePicture(source, alt, title):
                caption = self.captions.get(source, UNDESCRIBED)
                return f" {announcements.describe_inline_picture(alt, title, caption.text)} "
            case doc.InlineMath():
                return f"{_BEGINS}{announcements.INLINE_FORMULA}{_ENDS}"
            case doc.LineBreak():
                return _BREAK
            case doc.FootnoteMark():
                return ""


def find_spans(spans: Iterable[doc.Spans], kind: type[_SpanT]) -> Iterator[_SpanT]:
    """Give the spans of a kind, at any depth, in order."""
    for span in spans:
        if isinstance(span, kind):
            yield span
        if isinstance(span, doc.Emphasis | doc.Deleted | doc.Link):
            yield from find_spans(span.spans, kind)
