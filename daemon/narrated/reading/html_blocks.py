"""Block-level HTML: reads elements into blocks (headings, lists, tables, code and so on)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeGuard

import msgspec
from bs4 import Tag
from bs4.element import NavigableString, PageElement

from narrated.reading import document as doc
from narrated.reading.block_lines import BlockLines
from narrated.reading.blog_widgets import CALLOUTS, is_invitation, silence_furniture
from narrated.reading.captions import holds_caption, with_captions
from narrated.reading.document import Blocks, Paragraph, Spans, Text
from narrated.reading.element_languages import ElementLanguages
from narrated.reading.html_element_names import (
    ADMONITION,
    ADMONITION_TITLE,
    BLOCKS,
    NOTE,
    STRUCK,
)
from narrated.reading.html_inline import InlineReader, is_blank
from narrated.reading.html_skipping import SkipRule
from narrated.reading.html_tree import lines_of

_CHECKBOX_WRAPPERS = frozenset({"p", "label", "span", "div"})
_SECTIONS = ("thead", "tbody", "tfoot", "tr")
_TABLE_PARTS = frozenset({*_SECTIONS, "caption", "colgroup", "col"})
_PARTS = {"tr": frozenset({"td", "th"}), "colgroup": frozenset({"col"})}
_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-|brush:\s*|sourceCode\s+)([\w+#.-]+)"
)
_NO_LANGUAGE = frozenset({"numberSource", "numberLines", "wrap", "none", "plaintext", "text"})
_HIGHLIGHTED = frozenset(
    {"code", "highlight", "codehilite", "sourceCode", "sourcecode", "source-code"}
)
_VERSE = frozenset({"wp-block-verse", "verse", "poem", "poetry"})
_STRETCH = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n")
_NO_CODE = ["pre", "p", "h1", "h2", "h3", "ul", "ol", "table", "blockquote", "img"]
_MOST_INVITING = 8
"""Spans of an invitation to subscribe or to share."""


class BlockReader:
    """Reads elements into blocks.

    `holders` are the ids of the elements with a block inside; `skip_rule` gives the reason to skip
    an element, and `languages` the language of its words. `places` gets the lines of the blocks.
    """

    def __init__(
        self,
        holders: frozenset[int],
        skip_rule: SkipRule,
        languages: ElementLanguages,
        places: BlockLines,
    ) -> None:
        self._holders = holders
        self._places = places
        self._skip_rule = skip_rule
        self._inline = InlineReader(skip_rule, languages)

    def blocks(self, element: Tag) -> list[Blocks]:
        """Return the blocks in an element, and its inline text as paragraphs between them."""
        found: list[Blocks] = []
        run: list[PageElement] = []
        for node in element.children:
            if self._is_block(node):
                found += [*self._paragraphs(run), *self._block(node)]
                run.clear()
            else:
                run.append(node)
        found += self._paragraphs(run)
        return silence_furniture(found) if len(found) > 1 else found

    def _is_block(self, node: PageElement) -> TypeGuard[Tag]:
        return isinstance(node, Tag) and (node.name in BLOCKS or id(node) in self._holders)

    def _block(self, tag: Tag) -> list[Blocks]:
        if reason := self._skip_rule(tag):
            self._inline.skip(tag, reason)
            return self._take_skipped()
        read = _READERS.get(tag.name, BlockReader.blocks)
        found = [*read(self, tag), *self._take_skipped()]
        found = with_captions(found) if holds_caption(tag) else found
        if part := _PARTS_OF_TEXT.get(tag.name):
            found = [_as_part(block, part) for block in found]
        self._places.note(found, lines_of(tag))
        return found

    def _paragraphs(self, nodes: Sequence[PageElement]) -> list[Blocks]:
        if all(type(node) is NavigableString and node.isspace() for node in nodes):
            return self._take_skipped()
        found = [*_as_blocks(self._inline.spans(nodes)), *self._take_skipped()]
        self._places.note(found, _lines_of_run(nodes))
        return found

    def _take_skipped(self) -> list[Blocks]:
        skipped, self._inline.skipped = self._inline.skipped, []
        return [*skipped]

    def _heading(self, tag: Tag) -> list[Blocks]:
        spans = self._inline.spans(tag.children)
        return [doc.Heading(int(tag.name[1]), spans)] if spans else []

    def _listing(self, tag: Tag) -> list[Blocks]:
        if _holds_notes(tag):
            return [self._footnote(item, "id") for item in tag.find_all("li", recursive=False)]
        items: list[doc.Item] = []
        for child in [node for node in tag.children if isinstance(node, Tag)]:
            done = _take_checkbox(child)
            if inner := self.blocks(child) if child.name == "li" else self._block_or_run(child):
                items.append(doc.Item(tuple(inner), done))
        ordered = tag.name == "ol"
        found = doc.Listing(tuple(items), ordered, _start(tag) if ordered else 1)
        strings = [child for child in tag.children if not isinstance(child, Tag)]
        return [*([found] if items else []), *self._paragraphs(strings)]

    def _block_or_run(self, tag: Tag) -> list[Blocks]:
        return self._block(tag) if self._is_block(tag) else self._paragraphs([tag])

    def _footnote(self, tag: Tag, key: str) -> doc.Footnote:
        return doc.Footnote(str(tag.get(key, "")), tuple(self.blocks(tag)))

    def _quote(self, tag: Tag) -> list[Blocks]:
        inner = tuple(self.blocks(tag))
        return [doc.Quote(inner)] if inner else []

    def _admonition(self, tag: Tag) -> list[Blocks]:
        title = tag.find(ADMONITION_TITLE, recursive=False)
        spans = self._inline.spans(title.extract().children) if title else ()
        inner = tuple(self.blocks(tag))
        kind = str(tag.get("kind", ""))
        return [doc.Admonition(kind, spans, inner)] if spans or inner else []

    def _struck(self, tag: Tag) -> list[Blocks]:
        return [
            Paragraph((doc.Deleted(block.spans),)) if isinstance(block, Paragraph) else block
            for block in self.blocks(tag)
        ]

    def _division(self, tag: Tag) -> list[Blocks]:
        if _is_laid_out_code(tag):
            return [_code(tag)]
        inner = self.blocks(tag)
        if CALLOUTS.isdisjoint(tag.attrs.get("class", ())):
            return inner
        said = tuple(block for block in inner if not isinstance(block, doc.Unspoken))
        unsaid = (block for block in inner if isinstance(block, doc.Unspoken))
        return [*unsaid, *([doc.Admonition("note", (), said)] if said else [])]

    def _table(self, tag: Tag) -> list[Blocks]:
        if tag.find("pre"):  # some highlighters lay out code next to its line numbers
            for gutter in tag.find_all("td", class_=["linenos", "gutter", "lineno"]):
                self._inline.skip(gutter, "line numbers of code")
                gutter.clear()
            return self.blocks(tag)
        return self._rows(tag)

    def _rows(self, tag: Tag) -> list[Blocks]:
        """Read a table; its caption and the text outside its cells become paragraphs before it."""
        own = (row for row in tag.find_all("tr") if row.find_parent("table") is tag)
        rows = [cells for row in own if (cells := row.find_all(["td", "th"], recursive=False))]
        header = rows.pop(0) if rows and all(cell.name == "th" for cell in rows[0]) else []
        caption = tag.find("caption", recursive=False)
        around = map(self._inline.spans, (_stray(tag), caption.children if caption else ()))
        parts: Sequence[_Part] = ("", "table caption")
        found: list[Blocks] = [
            Paragraph(spans, part) for spans, part in zip(around, parts, strict=True) if spans
        ]
        if header or rows:
            body = tuple(map(self._cells, rows))
            columns = (
                msgspec.structs.replace(cell, is_heading=False) for cell in self._cells(header)
            )
            found.append(doc.Table(tuple(columns), body))
        return found

    def _cells(self, row: Iterable[Tag]) -> tuple[doc.Cell, ...]:
        return tuple(
            doc.Cell(
                self._inline.spans(cell.children),
                is_heading=cell.name == "th",
                columns=_stretch(cell, "colspan"),
                rows=_stretch(cell, "rowspan"),
            )
            for cell in row
        )


_Part = Literal["", "caption", "table caption", "term", "definition"]
_PARTS_OF_TEXT: dict[str, _Part] = {"figcaption": "caption", "dt": "term", "dd": "definition"}
_READERS: dict[str, Callable[[BlockReader, Tag], list[Blocks]]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), BlockReader._heading),
    **dict.fromkeys(("ul", "ol", "menu", "dir"), BlockReader._listing),
    **dict.fromkeys(STRUCK, BlockReader._struck),
    "blockquote": BlockReader._quote,
    ADMONITION: BlockReader._admonition,
    "div": BlockReader._division,
    "table": BlockReader._table,
    "hr": lambda _reader, _tag: [doc.Rule()],
    "pre": lambda _reader, tag: _verse(tag) if _is_verse(tag) else [_code(tag)],
    NOTE: lambda reader, tag: [reader._footnote(tag, "label")],
}


def _lines_of_run(nodes: Sequence[PageElement]) -> tuple[int, int] | None:
    """Return the lines from the first node with words, or a tag, to the last."""
    found = [lines for node in nodes if (lines := lines_of(node))]
    return (found[0][0], found[-1][1]) if found else None


def _as_blocks(spans: tuple[Spans, ...]) -> list[Blocks]:
    """Return pictures or a formula without words as blocks of their own; else a paragraph."""
    bare = [span for span in _unlinked(spans) if not is_blank(span)]
    pictures = [span for span in bare if isinstance(span, doc.InlinePicture)]
    if len(pictures) == len(bare):
        return [doc.Picture(one.source, one.alt, one.title) for one in pictures]
    if len(bare) == 1 and isinstance(bare[0], doc.InlineMath):
        return [doc.Math(bare[0].text)]
    if len(bare) <= _MOST_INVITING and (text := _invitation(spans)):
        return [doc.Unspoken("invitation", "an invitation of the blog, not its text", text)]
    return [Paragraph(spans)]


def _invitation(spans: tuple[Spans, ...]) -> str:
    """Return the text of a paragraph that only invites to subscribe or to share; else ""."""
    text = doc.plain(spans)
    links = [span for span in _unemphasised(spans) if isinstance(span, doc.Link)]
    if links and all(_is_link_or_joint(span) for span in _unemphasised(spans)):
        said = (doc.plain((link,)) for link in links)
        return text if all(is_invitation(link, is_link=True) for link in said) else ""
    return text if is_invitation(text, is_link=False) else ""


def _is_link_or_joint(span: Spans) -> bool:
    """True for a link, and for signs between links."""
    if isinstance(span, doc.Link):
        return True
    wordless = isinstance(span, Text) and not any(sign.isalnum() for sign in span.text)
    return wordless or is_blank(span)


def _unemphasised(spans: tuple[Spans, ...]) -> Iterator[Spans]:
    for span in spans:
        if isinstance(span, doc.Emphasis | doc.Foreign | doc.Formatted):
            yield from _unemphasised(span.spans)
        else:
            yield span


def _unlinked(spans: tuple[Spans, ...]) -> Iterator[Spans]:
    for span in spans:
        if isinstance(span, doc.Link | doc.Foreign | doc.Formatted):
            yield from _unlinked(span.spans)
        else:
            yield span


def _holds_notes(tag: Tag) -> bool:
    around = [tag, *list(tag.parents)[:2]]
    named = {name for one in around for name in (one.get_attribute_list("class") or ())}
    return bool({"footnotes", "footnotes-list"} & named) or any(
        one.get("role") == "doc-endnotes" for one in around
    )


def _as_part(block: Blocks, part: _Part) -> Blocks:
    is_free = isinstance(block, Paragraph) and not block.part
    return msgspec.structs.replace(block, part=part) if is_free else block


def _stretch(cell: Tag, key: str) -> int:
    written = str(cell.get(key, "1")).strip()
    return int(written) if _STRETCH.fullmatch(written) else 1


def _start(tag: Tag) -> int:
    start = str(tag.get("start", "1")).strip()
    return int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 1


def _take_checkbox(item: Tag) -> bool | None:
    """Remove the checkbox of a task; return True if it is checked, None for an item without one."""
    for node in item.descendants:
        if not isinstance(node, Tag):
            if str(node).strip():
                return None
        elif node.name == "input" and str(node.get("type")).lower() == "checkbox":
            done = node.has_attr("checked")
            node.extract()
            return done
        elif node.name not in _CHECKBOX_WRAPPERS:
            return None
    return None


def _stray(tag: Tag) -> Iterator[PageElement]:
    """Yield the nodes that careless pages put between the rows and cells of a table."""
    for holder in (tag, *tag.find_all([*_SECTIONS, "colgroup"])):
        if holder is tag or holder.find_parent("table") is tag:
            parts = _PARTS.get(holder.name, _TABLE_PARTS)
            for node in holder.children:
                if not isinstance(node, Tag) or node.name not in parts:
                    yield node


def _code(tag: Tag) -> doc.Code:
    lines: list[str] = []
    for node in tag.descendants:
        if isinstance(node, Tag):
            if node.name == "br" or (node.name == "div" and lines and lines[-1] != "\n"):
                lines.append("\n")
        elif type(node) is NavigableString:
            lines.append(str(node))
    return doc.Code("".join(lines).strip("\n"), _language(tag))


def _is_verse(tag: Tag) -> bool:
    return not _VERSE.isdisjoint(tag.get_attribute_list("class")) or _language(tag) in _VERSE


def _verse(tag: Tag) -> list[Blocks]:
    """Read a poem, whose lines end with a pause."""
    stanzas = (part.splitlines() for part in _EMPTY_LINES.split(_code(tag).text.strip()))
    return [Paragraph(tuple(_parted(lines))) for lines in stanzas if any(map(str.strip, lines))]


def _parted(lines: Iterable[str]) -> Iterator[Spans]:
    for number, line in enumerate(filter(None, map(str.strip, lines))):
        yield from [doc.LineBreak()] if number else []
        yield Text(line)


def _language(tag: Tag) -> str:
    for place in (tag, *tag.find_all("code", limit=1), *list(tag.parents)[:2]):
        said = place.get("data-lang") or (place.get("lang") if place is tag else None)
        if isinstance(said, str) and said:
            return said
        classes = " ".join(str(name) for name in place.get_attribute_list("class") if name)
        for name in _LANGUAGE.findall(classes):
            if name not in _NO_LANGUAGE:
                return str(name)
    return ""


def _is_laid_out_code(tag: Tag) -> bool:
    """True if a <div> holds code without a <pre>, as some highlighters write it."""
    marked = _HIGHLIGHTED & set(tag.get_attribute_list("class"))
    return bool(marked) and tag.find("span") is not None and tag.find(_NO_CODE) is None
