"""What a document holds anywhere inside its blocks: footnotes, pictures, plain words."""

from collections.abc import Iterable, Iterator

from narrated.reading.document import (
    Blocks,
    Code,
    Document,
    Footnote,
    Heading,
    Listing,
    Math,
    Paragraph,
    Picture,
    Quote,
    Rule,
    Spans,
    Table,
    Unspoken,
)
from narrated.reading.title import plain
from narrated.script.inline_text import inline_pictures
from narrated.script.script import ShownPicture


def numbered_blocks(document: Document) -> Iterator[tuple[int, Blocks]]:
    """Give every block at any depth with its number, in the order of the source."""
    return enumerate(block for outer in document.blocks for block in _within(outer))


def count_blocks(block: Blocks) -> int:
    """Count a block and all that is in it: what comes after it has a number by so much higher."""
    return sum(1 for _ in _within(block))


def footnotes(document: Document) -> list[tuple[int, Footnote]]:
    """Give the footnotes with their numbers."""
    return [(at, block) for at, block in numbered_blocks(document) if isinstance(block, Footnote)]


def child_blocks(block: Blocks) -> Iterator[Blocks]:
    """Give the blocks directly inside a block."""
    if isinstance(block, Quote | Footnote):
        yield from block.blocks
    elif isinstance(block, Listing):
        for item in block.items:
            yield from item.blocks


def pictures_shown(document: Document) -> tuple[ShownPicture, ...]:
    """Give every picture that a document shows, in order, each source once."""
    found: dict[str, ShownPicture] = {}
    for outer in document.blocks:
        for block in _within(outer):
            for picture in _pictures(block):
                found.setdefault(picture.source, picture)
    return tuple(found.values())


def title_block(document: Document) -> int | None:
    """Find the heading that is the document's title: its first block that is spoken, if any."""
    number = 0
    for block in document.blocks:
        if isinstance(block, Heading) and _same(plain(block.spans), document.title):
            return number
        if not isinstance(block, Unspoken | Rule | Footnote):
            break
        number += count_blocks(block)
    return None


def plain_text(blocks: Iterable[Blocks]) -> str:
    """Give the words inside blocks, without what is announced around them."""
    found = []
    for outer in blocks:
        for block in _within(outer):
            found += [plain(spans) for spans in _spans(block)]
            if isinstance(block, Code | Math):
                found.append(block.text)
    return " ".join(found)


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _pictures(block: Blocks) -> Iterator[ShownPicture]:
    if isinstance(block, Picture):
        yield ShownPicture(block.source, block.alt, block.title)
    for spans in _spans(block):
        for picture in inline_pictures(spans):
            yield ShownPicture(picture.source, picture.alt, picture.title)


def _within(block: Blocks) -> Iterator[Blocks]:
    yield block
    for inner in child_blocks(block):
        yield from _within(inner)


def _spans(block: Blocks) -> Iterator[tuple[Spans, ...]]:
    if isinstance(block, Heading | Paragraph):
        yield block.spans
    elif isinstance(block, Table):
        for row in (block.header, *block.rows):
            for cell in row:
                yield cell.spans
