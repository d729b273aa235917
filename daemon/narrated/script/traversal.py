"""Walk a document's blocks at any depth: numbers, footnotes, pictures, plain text."""

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
    return enumerate(block for outer in document.blocks for block in _block_and_inner(outer))


def count_blocks(block: Blocks) -> int:
    """Count a block with all blocks inside; the next block's number is higher by that."""
    return sum(1 for _ in _block_and_inner(block))


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
    """Give every picture of a document, in order, each source once."""
    found: dict[str, ShownPicture] = {}
    for outer in document.blocks:
        for block in _block_and_inner(outer):
            for picture in _block_pictures(block):
                found.setdefault(picture.source, picture)
    return tuple(found.values())


def title_block(document: Document) -> int | None:
    """Find the heading with the document's title, if that is its first spoken block."""
    number = 0
    for block in document.blocks:
        if isinstance(block, Heading) and _same_words(plain(block.spans), document.title):
            return number
        if not isinstance(block, Unspoken | Rule | Footnote):
            break
        number += count_blocks(block)
    return None


def plain_text(blocks: Iterable[Blocks]) -> str:
    """Give the words inside blocks, without announcements."""
    found = []
    for outer in blocks:
        for block in _block_and_inner(outer):
            found += [plain(spans) for spans in _spans(block)]
            if isinstance(block, Code | Math):
                found.append(block.text)
    return " ".join(found)


def _same_words(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _block_pictures(block: Blocks) -> Iterator[ShownPicture]:
    if isinstance(block, Picture):
        yield ShownPicture(block.source, block.alt, block.title)
    for spans in _spans(block):
        for picture in inline_pictures(spans):
            yield ShownPicture(picture.source, picture.alt, picture.title)


def _block_and_inner(block: Blocks) -> Iterator[Blocks]:
    yield block
    for inner in child_blocks(block):
        yield from _block_and_inner(inner)


def _spans(block: Blocks) -> Iterator[tuple[Spans, ...]]:
    if isinstance(block, Heading | Paragraph):
        yield block.spans
    elif isinstance(block, Table):
        for row in (block.header, *block.rows):
            for cell in row:
                yield cell.spans
