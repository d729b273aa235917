"""Turn the spans of running text into words, and into passages by language."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from narrated.reading import document as doc
from narrated.script import announcements
from narrated.script.code_words import code_words
from narrated.script.lexicon import Lexicon
from narrated.script.passages import Passage, tidy_passages
from narrated.script.script import Caption, Captions

_SpanT = TypeVar("_SpanT", bound=doc.Span)

UNDESCRIBED = Caption(missing="nobody has described it yet")
_HOLDERS = (doc.Emphasis, doc.Deleted, doc.Formatted, doc.Link, doc.Foreign)
_MOST_WORDS_OF_CODE = 8
MOST_WRITTEN = 200
"""Characters of code, and of a formula, that the eye reads in a transcript; of longer ones it reads
what the ear hears."""
_IN_OTHER_WORDS = (doc.InlineCode, doc.InlineMath)
_BREAK = "\n"
_BEGINS, _ENDS = "\x02", "\x03"  # keep our words apart from the author's
_INNER_EDGES = re.compile(rf"(?<=\w){_BEGINS}|{_ENDS}(?=[\w{_BEGINS}])")
_EDGES = re.compile(f"[{_BEGINS}{_ENDS}]")
_SPACE_BEFORE_END = re.compile(r"(?<=\))\s+(?=[.,;:!?])")
_UNENDED_LINE = re.compile(r"(?<=[\w)”’\"'])\s*\n\s*")


SpokenLanguage = Callable[[str], str]
"""Gives the language in which words that are marked as of a language are said; "" if in the
post's."""


def always_the_posts(_language: str) -> str:
    """Say the words of every language as the post's."""
    return ""


@dataclass(frozen=True, slots=True)
class InlineText:
    """Turns spans into words, with captions, a lexicon and a language."""

    captions: Captions
    lexicon: Lexicon
    language: str = "en"
    links: Literal["fold", "text", "announce"] = "fold"
    spoken_language: SpokenLanguage = always_the_posts
    is_written: bool = False
    """True for the eye: code and formulas stay as they are written."""
    _said_code: dict[str, str] = field(default_factory=dict)
    """Code inside sentences in words: it is asked for several times."""

    def words(self, spans: Iterable[doc.Spans]) -> str:
        """Say spans on one line; footnote marks are silent, broken lines get a comma."""
        return _on_one_line(self._joined(spans))

    def passages(self, spans: tuple[doc.Spans, ...]) -> list[Passage]:
        """Say spans on one line, divided by language."""
        if not any(find_spans(spans, doc.Foreign)):
            return [Passage("", self.words(spans))]
        whole = tidy_passages(self._passages(spans, ""))
        return [Passage(one.language, _on_one_line(one.text)) for one in whole]

    def for_eyes(self) -> "InlineText":
        """Give the same for the words that are read, where these are heard."""
        return replace(self, is_written=True, links="fold")

    def is_read_otherwise(self, spans: Iterable[doc.Span]) -> bool:
        """True if the eye reads one of the spans in other words than those that are normalised."""
        kinds = (*_IN_OTHER_WORDS, doc.Link) if self.links == "announce" else _IN_OTHER_WORDS
        return any(isinstance(span, kinds) for span in spans)

    def code(self, text: str, language: str = "") -> str:
        """Say code in words, after the lexicon changed the written code."""
        written = self.lexicon.apply(" ".join(text.split()))
        return code_words(written, language or self.language)

    def is_read(self, code: doc.InlineCode) -> bool:
        """True if code inside a sentence is short enough to be said."""
        return len(self._inline_code(code.text).split()) <= _MOST_WORDS_OF_CODE

    def _inline_code(self, text: str) -> str:
        said = self._said_code.get(text)
        if said is None:
            said = self._said_code[text] = self.code(text)
        return said

    def _code_in_sentence(self, code: doc.InlineCode) -> str:
        if self.is_written and len(code.text) <= MOST_WRITTEN:
            return code.text.strip()
        return self._inline_code(code.text) if self.is_read(code) else announcements.CODE_SNIPPET

    def _joined(self, spans: Iterable[doc.Spans]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: doc.Spans) -> str:
        match span:
            case doc.Text(text):
                return text.replace(_BREAK, " ")
            case doc.InlineCode(text):
                said = self._code_in_sentence(span)
                return _with_edges_of(text, said)
            case doc.Emphasis(spans=inner) | doc.Foreign(spans=inner):
                return self._joined(inner)
            case doc.Formatted(spans=inner, said=said):
                return said or self._joined(inner)
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
            case doc.InlineMath(text) if self.is_written and len(text) <= MOST_WRITTEN:
                return f"{_BEGINS}{text}{_ENDS}"
            case doc.InlineMath():
                return f"{_BEGINS}{announcements.INLINE_FORMULA}{_ENDS}"
            case doc.LineBreak():
                return _BREAK
            case doc.FootnoteMark():
                return ""

    def _passages(self, spans: Iterable[doc.Spans], language: str) -> Iterator[Passage]:
        """Divide spans by language: our own words are always in the post's."""
        for span in spans:
            match span:
                case doc.Foreign(spans=inner, language=marked):
                    yield from self._passages(inner, self.spoken_language(marked))
                case doc.Emphasis(spans=inner) | doc.Formatted(spans=inner, said=""):
                    yield from self._passages(inner, language)
                case doc.Deleted(spans=inner) | doc.Link(spans=inner):
                    before, after = self._around(span)
                    yield Passage(language if not before else "", before)
                    yield from self._passages(inner, language)
                    yield Passage(language if not after else "", after)
                case doc.InlineCode(text) if self.is_read(span) and not self.is_written:
                    yield Passage(language, _with_edges_of(text, self.code(text, language)))
                case doc.InlineCode() if self.is_read(span):
                    yield Passage(language, self._span(span))
                case doc.InlineCode() | doc.InlineMath() | doc.InlinePicture():
                    yield Passage("", self._span(span))
                case _:
                    yield Passage(language, self._span(span))

    def _around(self, span: doc.Deleted | doc.Link) -> tuple[str, str]:
        """Give our words before and after those of a span."""
        if not self._joined(span.spans).strip():
            return "", ""
        if isinstance(span, doc.Deleted):
            before, _, after = announcements.struck_out(_BEGINS).partition(_BEGINS)
            return before, after
        is_announced = self.links == "announce" and span.target
        return "", f" {announcements.LINK}" if is_announced else ""


def _with_edges_of(text: str, said: str) -> str:
    """Say code apart from its neighbours if it was written with spaces at its edges."""
    return f" {said} " if text != text.strip() else said


def _on_one_line(text: str) -> str:
    if _BEGINS in text or _ENDS in text:
        text = _EDGES.sub("", _INNER_EDGES.sub(" ", text))
    text = text.strip()
    if _BREAK in text:
        text = _UNENDED_LINE.sub(", ", text)
    if ")" in text:
        text = _SPACE_BEFORE_END.sub("", text)
    return " ".join(text.split())


def find_spans(spans: Iterable[doc.Spans], kind: type[_SpanT]) -> Iterator[_SpanT]:
    """Give the spans of a kind, at any depth, in order."""
    for span in spans:
        if isinstance(span, kind):
            yield span
        if isinstance(span, _HOLDERS):
            yield from find_spans(span.spans, kind)
