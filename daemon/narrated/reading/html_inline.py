"""Inline HTML: reads the spans of a paragraph, a heading or a cell."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import dropwhile
from typing import Literal

from bs4 import Tag
from bs4.element import Doctype, NavigableString, PageElement, PreformattedString

from narrated.reading import document as doc
from narrated.reading.document import Spans, Text, Unspoken
from narrated.reading.element_languages import ElementLanguages
from narrated.reading.html_element_names import BLOCKS, MARK, MATH, STRUCK, UNSPOKEN
from narrated.reading.html_skipping import (
    SkipRule,
    skipped_element,
    skipped_instruction,
    skipped_markup,
)
from narrated.reading.tex_formulas import split_formulas

_SPACES = re.compile(r"\s+")
_BACK_LINKS = frozenset({"footnote-back", "footnote-backref", "reversefootnote", "headerlink"})
_NOTE_CALLS = frozenset({"footnote-ref", "footnoteRef", "footnote"})
_NOTE_TARGET = re.compile(r"#(?:fn|note|footnote|cite_note)")
_BASE = re.compile(r"(?:\d|(?<![^\W_])[^\W\d_]|(?<![^\W_])[kcdmnµ]m|(?<![^\W_])ft)\Z")
_EXPONENT = re.compile(r"[-+−]?\d{1,4}|[-+−]?[nkmxyNM]")
_SQUARES = {"2": "²", "3": "³"}
_Format = Literal["sub", "sup", "mark", "abbr"]
_FORMATS: dict[str, _Format] = {"sub": "sub", "sup": "sup", "mark": "mark", "abbr": "abbr"}
_HOLDERS = (doc.Emphasis, doc.Deleted, doc.Formatted, doc.Link, doc.Foreign)


class InlineReader:
    """Reads inline elements into spans, and collects the skipped ones."""

    def __init__(self, skip_rule: SkipRule, languages: ElementLanguages) -> None:
        self._skip_rule = skip_rule
        self._languages = languages
        self.skipped: list[Unspoken] = []

    def spans(self, nodes: Iterable[PageElement]) -> tuple[Spans, ...]:
        """Return the spans of these nodes, white space folded and trimmed at both ends."""
        found: list[Spans] = []
        nodes = list(nodes)
        self._add(nodes, found)
        trimmed = _trimmed(found)
        language = self._languages.around(nodes[0]) if nodes else ""
        return (doc.Foreign(trimmed, language),) if language and trimmed else trimmed

    def inner(self, tag: Tag) -> tuple[Spans, ...]:
        """Return the spans in an element, white space folded."""
        found: list[Spans] = []
        self._add(tag.children, found)
        return _folded(found)

    def skip(self, tag: Tag, reason: str) -> None:
        """Record an element as skipped."""
        self.skipped.append(skipped_element(tag, reason))

    def _add(self, nodes: Iterable[PageElement], found: list[Spans]) -> None:
        for node in nodes:
            if type(node) is NavigableString:  # most nodes are plain text
                found += _text_spans(str(node))
            elif isinstance(node, Tag):
                self._add_element(node, found)
            elif not isinstance(node, PreformattedString):
                found += _text_spans(str(node))
            elif not isinstance(node, Doctype):
                self.skipped.append(skipped_instruction(node))

    def _add_element(self, tag: Tag, found: list[Spans]) -> None:
        if not self._languages.changes_at(tag):
            self._add_read(tag, found)
            return
        words: list[Spans] = []
        self._add_read(tag, words)
        found.append(doc.Foreign(_folded(words), self._languages.of(tag)))

    def _add_read(self, tag: Tag, found: list[Spans]) -> None:
        if reason := self._skip_rule(tag):
            self.skip(tag, reason)
        elif tag.name == UNSPOKEN:
            self.skipped.append(skipped_markup(tag))
        elif tag.get("aria-hidden") == "true":
            self.skip(tag, "hidden on the page too")
        elif read := _READERS.get(tag.name):
            found.append(read(self, tag))
        elif tag.name == "sup" and (exponent := _exponent(tag, _end(found))):
            found.append(doc.Formatted((Text(tag.get_text().strip()),), "sup", exponent))
        elif label := _called_note(tag):
            found.append(doc.FootnoteMark(label))
        elif kind := _FORMATS.get(tag.name):
            self._add_formatted(tag, kind, found)
        elif tag.name != "a":
            self._add_transparent(tag, found)
        # The link from a note back to its mark is a symbol that only a reader of the page needs.
        elif not _classes(tag) & _BACK_LINKS and tag.get("role") != "doc-backlink":
            found.append(doc.Link(self.inner(tag), _text_of(tag, "href")))

    def _add_formatted(self, tag: Tag, kind: _Format, found: list[Spans]) -> None:
        spans = self.inner(tag)
        title = " ".join(_text_of(tag, "title").split()) if kind == "abbr" else ""
        match spans:
            case [Text(text)] if kind in ("sub", "sup") and text.strip() not in ("", text):
                found.append(doc.Formatted((Text(text.strip()),), kind, said=text))
            case [*_, doc.FootnoteMark()]:  # it is raised by itself
                found += spans
            case _:
                found.append(doc.Formatted(spans, kind, title=title))

    def _add_transparent(self, tag: Tag, found: list[Spans]) -> None:
        # A block inside running text (a paragraph in a cell) ends one line and starts another.
        edges = [doc.LineBreak()] if tag.name in BLOCKS else []
        opening, closing = "“”" if tag.name == "q" else ("", "")
        found += [*edges, Text(opening)]
        self._add(tag.children, found)
        found += [Text(closing), *edges]


def _text_spans(text: str) -> list[Spans]:
    """Return a text, and the formulas that it holds between TeX's delimiters."""
    if "\\" not in text:
        return [Text(text)]
    return [
        doc.InlineMath(" ".join(part.split())) if is_formula else Text(part)
        for part, is_formula in split_formulas(text)
        if part
    ]


def _picture(_reader: InlineReader, tag: Tag) -> doc.InlinePicture:
    """The picture of an <img>; an embedded one keeps only its media type as source."""
    source = _text_of(tag, "src", "data-src")
    if source.startswith("data:"):
        source = source.split(",", 1)[0][:80]
    alt, title = (" ".join(_text_of(tag, key).split()) for key in ("alt", "title"))
    return doc.InlinePicture(source, alt, title)


def _code(_reader: InlineReader, tag: Tag) -> doc.InlineCode:
    return doc.InlineCode(_SPACES.sub(" ", tag.get_text()))


_READERS: dict[str, Callable[[InlineReader, Tag], Spans]] = {
    "br": lambda _it, _tag: doc.LineBreak(),
    "img": _picture,
    MATH: lambda _it, tag: doc.InlineMath(" ".join("".join(map(str, tag.contents)).split())),
    **dict.fromkeys(("code", "kbd", "samp", "tt", "var"), _code),
    **dict.fromkeys(("em", "i", "cite", "dfn"), lambda it, tag: doc.Emphasis(it.inner(tag))),
    **dict.fromkeys(("strong", "b"), lambda it, tag: doc.Emphasis(it.inner(tag), strong=True)),
    **dict.fromkeys(STRUCK, lambda it, tag: doc.Deleted(it.inner(tag))),
}


def is_blank(span: Spans) -> bool:
    """True for a line break, and for a text without words."""
    return isinstance(span, doc.LineBreak) or (isinstance(span, Text) and not span.text.strip())


def _folded(spans: list[Spans]) -> tuple[Spans, ...]:
    """Join neighbouring texts, fold their white space, and drop empty ones."""
    done: list[Spans] = []
    texts: list[str] = []
    for span in spans:
        if isinstance(span, Text):
            texts.append(span.text)
            continue
        done += _joined(texts)
        texts.clear()
        if not (isinstance(span, _HOLDERS) and not span.spans):
            done.append(span)
    return (*done, *_joined(texts))


def _joined(texts: Sequence[str]) -> list[Spans]:
    text = "".join(texts)
    return [Text(_with_single_spaces(text))] if text else []


def _with_single_spaces(text: str) -> str:
    """Write one space for each white space; to split a text is far quicker than to replace."""
    before, after = text[:1].isspace(), text[-1:].isspace()
    words = " ".join(text.split())
    return f"{' ' if before else ''}{words}{' ' if after and words else ''}"


def _trimmed(spans: list[Spans]) -> tuple[Spans, ...]:
    done = list(dropwhile(is_blank, _folded(spans)))
    while done and is_blank(done[-1]):
        done.pop()
    if done and isinstance(done[0], Text) and done[0].text[:1].isspace():
        done[0] = Text(done[0].text.lstrip())
    if done and isinstance(done[-1], Text) and done[-1].text[-1:].isspace():
        done[-1] = Text(done[-1].text.rstrip())
    return tuple(done)


def _end(spans: Sequence[Spans]) -> str:
    """Return the last letters before a place in a sentence, from any kind of span."""
    for span in reversed(spans):
        if isinstance(span, doc.Formatted) and span.said:
            return span.said[-4:]
        if isinstance(span, doc.Emphasis | doc.Link | doc.Foreign | doc.Formatted):
            return _end(span.spans)
        if not isinstance(span, Text | doc.InlineCode):
            return ""
        if span.text:
            return span.text[-4:]
    return ""


def _exponent(tag: Tag, before: str) -> str:
    """The exponent in a <sup> after this text, as in 10⁶ or x²; "" for a note's raised number."""
    exponent = tag.get_text().strip()
    if tag.find("a") or not is_power(before, exponent):
        return ""
    return _SQUARES.get(exponent) or f"^{exponent.replace('−', '-')}"


def is_power(base: str, exponent: str) -> bool:
    """True if a raised number is an exponent after this text, not the call of a note."""
    return bool(_EXPONENT.fullmatch(exponent) and _BASE.search(base))


def _called_note(tag: Tag) -> str:
    if not tag.attrs:
        return ""
    if tag.name == MARK:
        return _text_of(tag, "label")
    target = _text_of(tag, "href") if tag.name == "a" else ""
    called = tag.get("role") == "doc-noteref" or bool(_classes(tag) & _NOTE_CALLS)
    if not called and _NOTE_TARGET.match(target):
        called = any(around.name == "sup" for around in tag.parents)
    return target[1:] if target.startswith("#") and called else ""


def _classes(tag: Tag) -> set[str]:
    return set(_text_of(tag, "class").split())


def _text_of(tag: Tag, *keys: str) -> str:
    value = next(filter(None, map(tag.get, keys)), "")
    return value if isinstance(value, str) else " ".join(value)
