"""Walk a document's blocks at any depth: numbers, footnotes, pictures, plain text."""

from collections.abc import Iterable, Iterator

from narrated.reading import document as doc
from narrated.reading.document import child_blocks, plain
from narrated.reading.title_choice import is_wordless
from narrated.script.inline_text import find_spans
from narrated.script.script import ShownPicture


def numbered_blocks(document: doc.Document) -> Iterator[tuple[int, doc.Blocks]]:
    """Give every block at any depth with its number, in the order of the source."""
    return enumerate(block for outer in document.blocks for block in _block_and_inner(outer))


def count_blocks(block: doc.Blocks) -> int:
    """Count a block with all blocks inside; the next block's number is higher by that."""
    inner = child_blocks(block)
    return 1 + sum(map(count_blocks, inner)) if inner else 1


def pictures_shown(document: doc.Document) -> tuple[ShownPicture, ...]:
    """Give every picture of a document, in order, each source once."""
    found: dict[str, ShownPicture] = {}
    for _, block in numbered_blocks(document):
        for one in _block_pictures(block):
            found.setdefault(one.source, ShownPicture(one.source, one.alt, one.title))
    return tuple(found.values())


def title_block(document: doc.Document) -> int | None:
    """Find the heading with the document's title, if no words stand before it."""
    number = 0
    for block in document.blocks:
        if isinstance(block, doc.Heading) and same_words(plain(block.spans), document.title):
            return number
        if not is_wordless(block):
            break
        number += count_blocks(block)
    return None


def plain_text(blocks: Iterable[doc.Blocks]) -> str:
    """Give the words inside blocks, without announcements."""
    found = []
    for outer in blocks:
        for block in _block_and_inner(outer):
            found += [plain(spans) for spans in _spans(block)]
            if isinstance(block, doc.Code | doc.Math):
                found.append(block.text)
    return " ".join(found)


def same_words(one: str, other: str) -> bool:
    """True if two titles differ at most in signs and case."""
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    letters = "".join(sign for sign in text if sign.isalnum())
    return (letters or " ".join(text.split())).casefold()


def _block_pictures(block: doc.Blocks) -> Iterator[doc.Picture | doc.InlinePicture]:
    if isinstance(block, doc.Picture):
        yield block
    for spans in _spans(block):
        yield from find_spans(spans, doc.InlinePicture)


def _block_and_inner(block: doc.Blocks) -> Iterator[doc.Blocks]:
    yield block
    for inner in child_blocks(block):
        yield from _block_and_inner(inner)


def _spans(block: doc.Blocks) -> Iterator[tuple[doc.Spans, ...]]:
    if isinstance(block, doc.Heading | doc.Paragraph):
        yield block.spans
    elif isinstance(block, doc.Admonition):
        yield block.title
    elif isinstance(block, doc.Table):
        for row in (block.header, *block.rows):
            for cell in row:
                yield cell.spans
