"""Lines of the source in which each block of a document stands: a table beside its blocks."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from narrated.reading.document import Blocks, child_blocks

Lines = tuple[int, int]
"""First and last line, from 1."""
NOWHERE: Lines = (0, 0)
"""The lines of a block whose place in the source is not known."""


class LineShifts:
    """Lines of a text that another one was rewritten into, piece by piece."""

    def __init__(self) -> None:
        self._rewritten, self._original = 1, 1
        self._starts, self._shifts = [0], [0]

    def add(self, rewritten: str, original: str) -> None:
        """Add the next piece of both texts."""
        self._rewritten += rewritten.count("\n")
        self._original += original.count("\n")
        shift = self._original - self._rewritten
        if shift != self._shifts[-1]:
            self._starts.append(self._rewritten)
            self._shifts.append(shift)

    @property
    def is_uneven(self) -> bool:
        """True if any line has another number."""
        return len(self._starts) > 1

    def original(self, line: int) -> int:
        """Give the line of the original text that became this one."""
        return line + self._shifts[bisect_right(self._starts, line) - 1]


class RenderedPiece(NamedTuple):
    """A piece of the text that a parser wrote, and the lines of the source that it stands for."""

    begin: int
    """The first line of the piece."""
    lines: Lines
    is_whole: bool = False
    """True if any of its lines stands for all of those; else they go along one by one."""


class BlockLines:
    """Collects the lines of blocks while they are read.

    A block stands beside its lines here, not with them: most of what reads or compares blocks has
    no use for lines.
    """

    def __init__(self, before: int = 0) -> None:
        self._before = before
        """Lines of the source before the text that is read: its front matter."""
        self._noted: dict[int, tuple[Blocks, Lines]] = {}
        self._rendered: Sequence[RenderedPiece] = ()
        self._begins: list[int] = []
        """The first lines of those pieces."""
        self._shifts: list[LineShifts] = []

    def set_rendered(self, pieces: Sequence[RenderedPiece]) -> None:
        """Tell that what is read was written by a parser, piece by piece, in order."""
        self._rendered = pieces
        self._begins = [piece.begin for piece in pieces]

    def add_shifts(self, shifts: LineShifts) -> None:
        """Tell that the text was rewritten before it was read; the last time first."""
        if shifts.is_uneven:
            self._shifts.append(shifts)

    def note(self, blocks: Iterable[Blocks], lines: Lines | None) -> None:
        """Note the lines of blocks; those that are noted already keep theirs."""
        if lines is None:
            return
        for block in blocks:
            # Kept with its block, so that no other block gets its id.
            self._noted.setdefault(id(block), (block, lines))

    def of(self, blocks: Iterable[Blocks]) -> tuple[Lines, ...]:
        """Return the lines of all blocks at any depth, in the order of their numbers."""
        found: list[Lines] = []
        self._collect(blocks, NOWHERE, found)
        return tuple(found)

    def _collect(self, blocks: Iterable[Blocks], around: Lines, found: list[Lines]) -> None:
        for block in blocks:
            noted = self._noted.get(id(block))
            own = self._in_source(noted[1]) if noted else around
            found.append(own)
            if inner := child_blocks(block):
                self._collect(inner, own, found)

    def _in_source(self, lines: Lines) -> Lines:
        first, last = lines
        if self._rendered:
            own = self._piece_line(first)
            first, last = own[0], (own if first == last else self._piece_line(last))[1]
        for shifts in self._shifts if first else ():
            first, last = shifts.original(first), shifts.original(last)
        return (first + self._before, max(first, last) + self._before) if first else NOWHERE

    def _piece_line(self, line: int) -> Lines:
        """Give the line of the source that a written one stands for, or the lines of its piece."""
        at = max(0, bisect_right(self._begins, line) - 1)
        begin, (first, last), is_whole = self._rendered[at]
        own = min(first + line - begin, last)
        return (first, last) if is_whole else (own, own)
