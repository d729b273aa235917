"""Reads HTML tables: header cells and rows, in any sections."""

from collections.abc import Iterator

from bs4 import Tag
from bs4.element import PageElement

from narrated.reading.document import Blocks, Cell, Paragraph, Table
from narrated.reading.html_inline import InlineReader

_SECTIONS = ("thead", "tbody", "tfoot", "tr")
_TABLE_PARTS = frozenset({*_SECTIONS, "caption", "colgroup", "col"})
_PARTS = {"tr": frozenset({"td", "th"}), "colgroup": frozenset({"col"})}


def holds_code(tag: Tag) -> bool:
    """True if a table lays out code."""
    return tag.find("pre") is not None


def table(tag: Tag, inline: InlineReader) -> list[Blocks]:
    """Read a table; its caption and the text outside its cells become paragraphs before it."""
    rows = [_cells(row) for row in tag.find_all("tr") if row.find_parent("table") is tag]
    rows = [row for row in rows if row]
    header = rows.pop(0) if rows and _is_header(rows[0]) else []
    found: list[Blocks] = []
    if spans := inline.spans(_stray(tag)):
        found.append(Paragraph(spans))
    caption = tag.find("caption", recursive=False)
    if caption is not None and (spans := inline.spans(caption.children)):
        found.append(Paragraph(spans))
    if header or rows:
        body = tuple(_read(row, inline) for row in rows)
        found.append(Table(_read(header, inline), body))
    return found


def _stray(tag: Tag) -> Iterator[PageElement]:
    """Yield the nodes that careless pages put between the rows and cells of a table."""
    for holder in (tag, *tag.find_all([*_SECTIONS, "colgroup"])):
        if holder is tag or holder.find_parent("table") is tag:
            parts = _PARTS.get(holder.name, _TABLE_PARTS)
            for node in holder.children:
                if not isinstance(node, Tag) or node.name not in parts:
                    yield node


def _cells(row: Tag) -> list[Tag]:
    return row.find_all(["td", "th"], recursive=False)


def _is_header(row: list[Tag]) -> bool:
    return all(cell.name == "th" for cell in row)


def _read(row: list[Tag], inline: InlineReader) -> tuple[Cell, ...]:
    return tuple(Cell(inline.spans(cell.children)) for cell in row)
