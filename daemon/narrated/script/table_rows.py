"""Words of a table: its announcement, and its rows by their columns."""

from dataclasses import dataclass
from typing import Self

from narrated.reading.document import Cell, Table
from narrated.script import announcements
from narrated.script.inline_text import InlineText
from narrated.script.passages import Passage, appended, spaced


@dataclass(frozen=True, slots=True)
class TableRows:
    """Says a table's rows in one form: for the ear, or for the eye."""

    announcement: str
    _inline: InlineText
    _headings: list[list[Passage]]

    @classmethod
    def of(cls, table: Table, inline: InlineText) -> Self:
        """Make the words of a table from its header."""
        names = [name for cell in table.header if (name := inline.words(cell.spans))]
        announcement = announcements.announce_table(names, len(table.rows))
        return cls(announcement, inline, [inline.passages(cell.spans) for cell in table.header])

    def row(self, row: tuple[Cell, ...]) -> list[Passage]:
        """Say a row by its columns: "Name: Ada; Year: 1843."."""
        said: list[Passage] = []
        for at, cell in enumerate(row):
            heading = self._headings[at] if at < len(self._headings) else []
            words = self._cell(heading, cell)
            said = [*(appended(said, ";") if said and words else said), *words]
        return spaced(appended(said or [Passage("", "")], "."))

    def _cell(self, heading: list[Passage], cell: Cell) -> list[Passage]:
        """Say a cell after the heading of its column; nothing of an empty one without a heading."""
        *others, last = self._inline.passages(cell.spans)
        last = Passage(last.language, last.text.rstrip(".;"))
        words = [one for one in (*others, last) if one.text]
        if not any(one.text for one in heading):
            return words
        return [*appended(heading, ":"), *(words or [Passage("", announcements.BLANK_CELL)])]
