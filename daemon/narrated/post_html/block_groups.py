"""Finds blocks that are shown together: a picture or a table with its caption, definitions."""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Literal, NamedTuple

from narrated.reading import document as doc

_DEFINITIONS = ("term", "definition")
_CAPTIONS = ((doc.Picture, "caption"), (doc.Table, "table caption"))


class BlockGroup(NamedTuple):
    """So many blocks, side by side, and what they are."""

    kind: Literal["", "captioned", "definitions"]
    size: int


def block_groups(blocks: Iterable[doc.Blocks]) -> Iterator[BlockGroup]:
    """Give the groups of blocks in order; a block without a group is one by itself."""
    left = list(blocks)[::-1]
    while left:
        group = _first_group(left)
        yield group
        del left[-group.size :]


def _first_group(left: list[doc.Blocks]) -> BlockGroup:
    """Find the group of the last block, whose next one stands before it."""
    if definitions := _count(left, 0, _DEFINITIONS):
        return BlockGroup("definitions", definitions)
    for kind, part in _CAPTIONS:
        above = _count(left, 0, (part,))
        if above and above < len(left) and isinstance(left[-1 - above], kind):
            return BlockGroup("captioned", above + 1)
    if isinstance(left[-1], doc.Picture) and (below := _count(left, 1, ("caption",))):
        return BlockGroup("captioned", below + 1)
    return BlockGroup("", 1)


def _count(left: list[doc.Blocks], begin: int, parts: tuple[str, ...]) -> int:
    """Count the paragraphs of such a part, from a place on."""
    waiting = (left[-1 - at] for at in range(begin, len(left)))
    return sum(1 for _ in takewhile(lambda block: part_of(block) in parts, waiting))


def part_of(block: doc.Blocks) -> str:
    """Return the part that a paragraph is; empty for all others."""
    return block.part if isinstance(block, doc.Paragraph) else ""
