"""Inline HTML: reads the spans of a paragraph, a heading or a cell."""

import re
from collections.abc import Iterable

from bs4 import Tag
from bs4.element import Doctype, PageElement, PreformattedString

from narrated.reading import html_elements
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
    Unspoken,
)
from narrated.reading.html_skip_rules import SkipRule
from narrated.reading.skipped_listing import skipped_element, skipped_instruction

_SPACES = re.compile(r"\s+")
_BACK_LINKS = frozenset({"footnote-back", "footnote-backref", "reversefootnote", "headerlink"})
_NOTE_CALLS = frozenset({"footnote-ref", "footnoteRef", "footnote"})
_NOTE_TARGET = re.compile(r"#(?:fn|note|footnote|cite_note)")
_BASE = re.compile(r"(?:\d|(?<![^\W_])[^\W\d_]|(?<![^\W_])[kcdmnµ]m|(?<![^\W_])ft)\Z")
_EXPONENT = re.compile(r"[-+−]?\d{1,4}|[-+−]?[nkmxyNM]")
_SQUARES = {"2": "²", "3": "³"}


class InlineReader:
    """Reads inline elements into spans, and collects the skipped ones."""

    def __init__(self, skip_rule: SkipRule) -> None:
        self._skip_rule = skip_rule
        self.skipped: list[Unspoken] = []

    def spans(self, nodes: Iterable[PageElement]) -> tuple[Spans, ...]:
        """Return the spans of these nodes, white space folded and trimmed at both ends."""
        found: list[Spans] = []
        for node in nodes:
            self._add(node, found)
        return trimmed(found)

    def skip(self, tag: Tag, reason: str) -> None:
        """Record an element as skipped."""
        self.skipped.append(skipped_element(tag, reason))

    def _add(self, node: PageElement, found: list[Spans]) -> None:
        if isinstance(node, Tag):
            self._add_element(node, found)
        else:
            self._add_string(node, found)

    def _add_string(self, node: PageElement, found: list[Spans]) -> None:
        if not isinstance(node, PreformattedString):
            found.append(Text(str(node)))
        elif not isinstance(node, Doctype):
            self.skipped.append(skipped_instruction(node))

    def _add_element(self, tag: Tag, found: list[Spans]) -> None:
        name = tag.name
        if reason := self._skip_rule(tag):
            self.skip(tag, reason)
        elif tag.get("aria-hidden") == "true":
            self.skip(tag, "hidden on the page too")
        elif name == "br":
            found.append(LineBreak())
        elif name == "img":
            found.append(picture(tag))
        elif name in html_elements.CODE:
            found.append(InlineCode(_SPACES.sub(" ", tag.get_text())))
        elif name == html_elements.MATH:
            found.append(InlineMath(" ".join("".join(map(str, tag.contents)).split())))
        elif name in html_elements.EMPHASIS or name in html_elements.STRONG:
            found.append(Emphasis(self._inner(tag), strong=name in html_elements.STRONG))
        elif name in html_elements.STRUCK:
            found.append(Deleted(self._inner(tag)))
        elif name == "sup" and (exponent := _exponent(tag, _end(found))):
            found.append(Text(exponent))
        elif label := _called_note(tag):
            found.append(FootnoteMark(label))
        elif name == "a":
            self._add_link(tag, found)
        else:
            self._add_transparent(tag, found)

    def _add_link(self, tag: Tag, found: list[Spans]) -> None:
        # The link from a note back to its mark is a symbol that only a reader of the page needs.
        if not _classes(tag) & _BACK_LINKS and tag.get("role") != "doc-backlink":
            found.append(Link(self._inner(tag), _text_of(tag, "href")))

    def _add_transparent(self, tag: Tag, found: list[Spans]) -> None:
        # A block inside running text (a paragraph in a cell) ends one line and starts another.
        edges = [LineBreak()] if tag.name in html_elements.BLOCKS else []
        marks = ("“", "”") if tag.name == "q" else ("", "")
        found += [*edges, Text(marks[0])]
        for child in tag.children:
            self._add(child, found)
        found += [Text(marks[1]), *edges]

    def _inner(self, tag: Tag) -> tuple[Spans, ...]:
        found: list[Spans] = []
        for child in tag.children:
            self._add(child, found)
        return folded(found)


def picture(tag: Tag) -> InlinePicture:
    """Return the picture of an <img>; an embedded one keeps only its media type as source."""
    source = _text_of(tag, "src", "data-src")
    if source.startswith("data:"):
        source = source.split(",", 1)[0][:80]
    alt, title = (" ".join(_text_of(tag, key).split()) for key in ("alt", "title"))
    return InlinePicture(source, alt, title)


def folded(spans: list[Spans]) -> tuple[Spans, ...]:
    """Join neighbouring texts, fold their white space, and drop empty ones."""
    done: list[Spans] = []
    pending: list[str] = []
    for span in [*spans, None]:
        if isinstance(span, Text):
            pending.append(span.text)
            continue
        if text := _SPACES.sub(" ", "".join(pending)):
            done.append(Text(text))
        pending.clear()
        if span is not None and not _is_hollow(span):
            done.append(span)
    return tuple(done)


def trimmed(spans: list[Spans]) -> tuple[Spans, ...]:
    """Fold spans, and drop white space and line breaks at both ends."""
    done = list(folded(spans))
    while done and _is_blank(done[0]):
        done.pop(0)
    while done and _is_blank(done[-1]):
        done.pop()
    if done and isinstance(done[0], Text):
        done[0] = Text(done[0].text.lstrip())
    if done and isinstance(done[-1], Text):
        done[-1] = Text(done[-1].text.rstrip())
    return tuple(done)


def _is_hollow(span: Spans) -> bool:
    return isinstance(span, Emphasis | Deleted | Link) and not span.spans


def _is_blank(span: Spans) -> bool:
    return isinstance(span, LineBreak) or (isinstance(span, Text) and not span.text.strip())


def _end(spans: list[Spans]) -> str:
    """Return the last letters before a place in a sentence, from any kind of span."""
    for span in reversed(spans):
        if isinstance(span, Emphasis | Link):
            return _end(list(span.spans))
        if not isinstance(span, Text | InlineCode):
            return ""
        if span.text:
            return span.text[-4:]
    return ""


def _exponent(tag: Tag, before: str) -> str:
    """The exponent in a <sup> after this text, as in 10⁶ or x²; "" for a note's raised number."""
    exponent = tag.get_text().strip()
    if tag.find("a") or not _EXPONENT.fullmatch(exponent) or not _BASE.search(before):
        return ""
    return _SQUARES.get(exponent) or f"^{exponent.replace('−', '-')}"


def _called_note(tag: Tag) -> str:
    if tag.name == html_elements.MARK:
        return _text_of(tag, "label")
    target = _text_of(tag, "href") if tag.name == "a" else ""
    called = tag.get("role") == "doc-noteref" or bool(_classes(tag) & _NOTE_CALLS)
    if not called and tag.find_parent("sup") is not None:
        called = bool(_NOTE_TARGET.match(target))
    return target[1:] if target.startswith("#") and called else ""


def _classes(tag: Tag) -> set[str]:
    return set(_text_of(tag, "class").split())


def _text_of(tag: Tag, *keys: str) -> str:
    for key in keys:
        value = tag.get(key)
        if value:
            return value if isinstance(value, str) else " ".join(value)
    return ""
