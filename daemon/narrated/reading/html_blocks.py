"""Block-level HTML: reads elements into blocks, one method for each kind of element."""

from collections.abc import Callable, Iterable

from bs4 import Tag
from bs4.element import PageElement

from narrated.reading import html_elements
from narrated.reading.code_blocks import code, is_laid_out_code
from narrated.reading.document import (
    Blocks,
    Deleted,
    Footnote,
    Heading,
    InlineMath,
    InlinePicture,
    Item,
    LineBreak,
    Link,
    Listing,
    Math,
    Paragraph,
    Picture,
    Quote,
    Rule,
    Spans,
    Text,
)
from narrated.reading.html_inline import InlineReader
from narrated.reading.html_skip_rules import SkipRule
from narrated.reading.tables import holds_code, table

_CHECKBOX_WRAPPERS = frozenset({"p", "label", "span", "div"})


class BlockReader:
    """Reads elements into blocks.

    `holders` are the ids of the elements with a block inside; `skip_rule` gives the reason to skip
    an element.
    """

    def __init__(self, holders: frozenset[int], skip_rule: SkipRule) -> None:
        self._holders = holders
        self._skip_rule = skip_rule
        self._inline = InlineReader(skip_rule)

    def blocks(self, element: Tag) -> list[Blocks]:
        """Return the blocks in an element, and its inline text as paragraphs between them."""
        found: list[Blocks] = []
        run: list[PageElement] = []
        for node in element.children:
            inner = self._block_element(node)
            if inner is None:
                run.append(node)
                continue
            found += self._paragraphs(run)
            run.clear()
            found += self._block(inner)
        return found + self._paragraphs(run)

    def _block_element(self, node: PageElement) -> Tag | None:
        if isinstance(node, Tag) and (
            node.name in html_elements.BLOCKS or id(node) in self._holders
        ):
            return node
        return None

    def _block(self, tag: Tag) -> list[Blocks]:
        if reason := self._skip_rule(tag):
            self._inline.skip(tag, reason)
            return self._take_skipped()
        read = _READERS.get(tag.name, BlockReader.blocks)
        return [*read(self, tag), *self._take_skipped()]

    def _paragraphs(self, nodes: Iterable[PageElement]) -> list[Blocks]:
        spans = self._inline.spans(nodes)
        return [*_as_blocks(spans), *self._take_skipped()]

    def _take_skipped(self) -> list[Blocks]:
        skipped = list(self._inline.skipped)
        self._inline.skipped.clear()
        return [*skipped]

    def _heading(self, tag: Tag) -> list[Blocks]:
        spans = self._inline.spans(tag.children)
        return [Heading(html_elements.HEADINGS[tag.name], spans)] if spans else []

    def _listing(self, tag: Tag) -> list[Blocks]:
        if _holds_notes(tag):
            return self._notes(tag)
        items: list[Item] = []
        for child in tag.find_all(True, recursive=False):
            done = _take_checkbox(child)
            inner = self.blocks(child) if child.name == "li" else self._block_or_run(child)
            if inner:
                items.append(Item(tuple(inner), done))
        ordered = tag.name == "ol"
        found = Listing(tuple(items), ordered, _start(tag) if ordered else 1)
        return [*([found] if items else []), *self._paragraphs(_strings(tag))]

    def _block_or_run(self, tag: Tag) -> list[Blocks]:
        return self._block(tag) if self._block_element(tag) else self._paragraphs([tag])

    def _notes(self, tag: Tag) -> list[Blocks]:
        notes: list[Blocks] = []
        for item in tag.find_all("li", recursive=False):
            notes.append(Footnote(str(item.get("id", "")), tuple(self.blocks(item))))
        return notes

    def _note(self, tag: Tag) -> list[Blocks]:
        return [Footnote(str(tag.get("label", "")), tuple(self.blocks(tag)))]

    def _quote(self, tag: Tag) -> list[Blocks]:
        inner = tuple(self.blocks(tag))
        return [Quote(inner)] if inner else []

    def _struck(self, tag: Tag) -> list[Blocks]:
        return [
            Paragraph((Deleted(block.spans),)) if isinstance(block, Paragraph) else block
            for block in self.blocks(tag)
        ]

    def _rule(self, _tag: Tag) -> list[Blocks]:
        return [Rule()]

    def _division(self, tag: Tag) -> list[Blocks]:
        return [code(tag)] if is_laid_out_code(tag) else self.blocks(tag)

    def _code(self, tag: Tag) -> list[Blocks]:
        return [code(tag)]

    def _table(self, tag: Tag) -> list[Blocks]:
        if holds_code(tag):  # some highlighters lay out code next to its line numbers
            for gutter in tag.find_all("td", class_=["linenos", "gutter", "lineno"]):
                self._inline.skip(gutter, "line numbers of code")
                gutter.clear()
            return self.blocks(tag)
        return table(tag, self._inline)


_READERS: dict[str, Callable[[BlockReader, Tag], list[Blocks]]] = {
    **dict.fromkeys(html_elements.HEADINGS, BlockReader._heading),
    **dict.fromkeys(html_elements.LISTS, BlockReader._listing),
    "blockquote": BlockReader._quote,
    **dict.fromkeys(html_elements.STRUCK, BlockReader._struck),
    "hr": BlockReader._rule,
    "div": BlockReader._division,
    "pre": BlockReader._code,
    "table": BlockReader._table,
    html_elements.NOTE: BlockReader._note,
}


def _as_blocks(spans: tuple[Spans, ...]) -> list[Blocks]:
    """Return pictures or a formula without words as blocks of their own; else a paragraph."""
    bare = [span for span in _unlinked(spans) if not isinstance(span, LineBreak)]
    bare = [span for span in bare if not (isinstance(span, Text) and not span.text.strip())]
    pictures = [span for span in bare if isinstance(span, InlinePicture)]
    if bare and len(pictures) == len(bare):
        return [Picture(one.source, one.alt, one.title) for one in pictures]
    if len(bare) == 1 and isinstance(bare[0], InlineMath):
        return [Math(bare[0].text)]
    return [Paragraph(spans)] if bare else []


def _unlinked(spans: tuple[Spans, ...]) -> list[Spans]:
    found: list[Spans] = []
    for span in spans:
        found += _unlinked(span.spans) if isinstance(span, Link) else [span]
    return found


def _holds_notes(tag: Tag) -> bool:
    around = [tag, *list(tag.parents)[:2]]
    named = {name for one in around for name in (one.get_attribute_list("class") or ())}
    return bool({"footnotes", "footnotes-list"} & named) or any(
        one.get("role") == "doc-endnotes" for one in around
    )


def _start(tag: Tag) -> int:
    start = str(tag.get("start", "1")).strip()
    return int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 1


def _strings(tag: Tag) -> list[PageElement]:
    return [child for child in tag.children if not isinstance(child, Tag)]


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
