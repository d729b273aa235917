"""Pandoc's tables without pipes: grid tables, simple and multiline tables."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make

_GRID = re.compile(r"\+(?:[-=:]{2,}\+)+\s*\Z")
_COLUMNS = re.compile(r"\s*-{2,}(?:\s+-{2,})+\s*\Z")
_FRAME = re.compile(r"\s*-{10,}\s*\Z")
_PART_OF_BORDER = re.compile(r"\+[-=:]{2,}\+\s*\Z|\A\+[-=:]{2,}\+")
_NO_WORDS = re.compile(r"[-=:+]{2,}")
_BULLET = re.compile(r"\A[-*+] +")
_DASHES = re.compile(r"-+")
_MOST_HEADER_LINES = 8
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]
_ENDLESS = "no frame ends"

Rows = list[list[str]]


def extend(parser: MarkdownIt) -> None:
    """Read Pandoc's tables."""
    parser.block.ruler.before("fence", "grid_table", _grid_table, {"alt": _INTERRUPTED})
    # An empty line stands before it, so it interrupts nothing.
    parser.block.ruler.before("fence", "dashed_table", _dashed_table)


def _line(state: StateBlock, line: int) -> str:
    """A line with its indentation within the block around."""
    return state.getLines(line, line + 1, state.blkIndent, False).expandtabs(4).rstrip()


def _is_code(state: StateBlock, line: int) -> bool:
    return state.sCount[line] - state.blkIndent > 3


def _grid_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.src[state.bMarks[start] + state.tShift[start]] != "+" or _is_code(state, start):
        return False
    first = _line(state, start).strip()
    if not _GRID.match(first):
        return False
    lines = [first]
    line = start + 1
    while line < end and (text := _line(state, line).strip()) and text[0] in "+|":
        lines.append(text)
        line += 1
    # Without its last border, a table ends at the one before.
    while not _GRID.match(lines[-1]):
        lines.pop()
    if len(lines) < 3:
        return False
    if not silent:
        _push_table(state, *_grid_rows(lines))
        state.line = start + len(lines)
    return True


def _grid_rows(lines: Sequence[str]) -> tuple[Rows, Rows]:
    """Return the header's rows and the body's."""
    borders = _borders(lines)
    header: Rows = []
    rows: Rows = []
    cells = [""] * (len(borders) - 1)
    for text in lines[1:]:
        if not _GRID.match(text):
            if header and any(cells) and _PART_OF_BORDER.search(text):
                rows.append(cells)
                cells = _reaching_over(text, borders, cells)
            cells = [_joined_lines(one) for one in zip(cells, _split(text, borders), strict=True)]
            continue
        if any(cells):
            rows.append(cells)
        cells = [""] * (len(borders) - 1)
        if "=" in text and not header:
            header, rows = rows, []
    return header, rows


def _borders(lines: Sequence[str]) -> list[int]:
    """Return the places of all borders between columns; the first row may have wider cells."""
    found = {0, len(lines[0]) - 1}
    for text in lines:
        if _GRID.match(text) or _PART_OF_BORDER.search(text):
            found.update(at for at, sign in enumerate(text[: len(lines[0])]) if sign == "+")
    return sorted(found)


def _reaching_over(text: str, borders: Sequence[int], cells: Sequence[str]) -> list[str]:
    """Keep the cells that reach over a border, which the next row then has, too."""
    return [
        "" if text[begin + 1 : begin + 3] in ("--", "==") else cell
        for begin, cell in zip(borders, cells, strict=False)
    ]


def _split(text: str, borders: Sequence[int]) -> list[str]:
    """Split a line at the borders where it has one; a wider cell counts as its first column."""
    cells = [""] * (len(borders) - 1)
    begin = 0
    for at, border in enumerate(borders[1:], start=1):
        if text[border : border + 1] in ("|", "+", "") or at == len(borders) - 1:
            cell = text[borders[begin] + 1 : border].strip().strip("|").strip()
            cells[begin] = "" if _NO_WORDS.fullmatch(cell) else cell
            begin = at
    return cells


def _joined_lines(pair: tuple[str, str]) -> str:
    """Join a cell with its next line, which may be an item of a list."""
    cell, line = pair
    item = _BULLET.sub("", line, count=1)
    return ", ".join(filter(None, (cell, item))) if item != line else _joined(pair)


def _dashed_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table whose columns a line of dashes shows, with or without a frame of dashes."""
    if _is_code(state, start) and not state.src.startswith("-", state.bMarks[start]):
        return False
    found = _framed(state, start, end) or _simple(state, start, end)
    if found is None:
        return False
    header, rows, line = found
    if not silent:
        _push_table(state, header, rows)
        state.line = line
    return True


def _simple(state: StateBlock, start: int, end: int) -> tuple[Rows, Rows, int] | None:
    """Read a header, dashes and rows, up to an empty line; or dashes, rows and dashes."""
    if start + 1 >= end:
        return None
    header: list[str] = []
    at = start
    if not _is_columns(state, at):
        if not _is_columns(state, at + 1):
            return None
        header = [_line(state, at)]
        at += 1
    columns = _spans(_line(state, at))
    lines: list[str] = []
    line = at + 1
    while line < end and (text := _line(state, line)) and not _is_columns(state, line):
        lines.append(text)
        line += 1
    closed = line < end and _is_columns(state, line)
    if not lines or (not header and not closed):
        return None
    named = [_cells(one, columns) for one in header]
    if named and sum(map(bool, named[0])) < 2:
        return None
    return named, [_cells(one, columns) for one in lines], line + closed


def _framed(state: StateBlock, start: int, end: int) -> tuple[Rows, Rows, int] | None:
    """Read a table between two full lines of dashes; empty lines part its rows."""
    if state.env.get(_ENDLESS) or _begins_with_word(state, start):
        return None
    if not _FRAME.match(_line(state, start)):
        return None
    last = min(end, start + _MOST_HEADER_LINES)
    at = next((line for line in range(start + 1, last) if _is_columns(state, line)), None)
    if at is None:
        return None
    close = next((line for line in range(at + 1, end) if _is_frame(state, line)), None)
    if close is None:
        state.env[_ENDLESS] = True
        return None
    columns = _spans(_line(state, at))
    header = _row([_line(state, line) for line in range(start + 1, at)], columns)
    rows: Rows = []
    lines: list[str] = []
    for line in range(at + 1, close + 1):
        text = _line(state, line)
        if text and line < close:
            lines.append(text)
        elif lines:
            rows.append(_row(lines, columns))
            lines = []
    return ([header] if any(header) else []), rows, close + 1


def _begins_with_word(state: StateBlock, line: int) -> bool:
    """True for most lines; to write a line out costs more."""
    at = state.bMarks[line] + state.tShift[line]
    return state.src[at : at + 1].isalnum()


def _is_columns(state: StateBlock, line: int) -> bool:
    at = state.bMarks[line] + state.tShift[line]
    return state.src.startswith("--", at) and _COLUMNS.match(_line(state, line)) is not None


def _is_frame(state: StateBlock, line: int) -> bool:
    at = state.bMarks[line] + state.tShift[line]
    return state.src.startswith("--", at) and _FRAME.match(_line(state, line)) is not None


def _spans(dashes: str) -> list[tuple[int, int]]:
    """Return the begin and the end of each column; a cell may reach up to the next column."""
    found = [each.span() for each in _DASHES.finditer(dashes)]
    begins = [0, *(begin for begin, _ in found[1:])]
    return list(pairwise([*begins, 10_000]))


def _cells(text: str, columns: Sequence[tuple[int, int]]) -> list[str]:
    return [text[begin:end].strip() for begin, end in columns]


def _row(lines: Sequence[str], columns: Sequence[tuple[int, int]]) -> list[str]:
    cells = [""] * len(columns)
    for text in lines:
        cells = [_joined(pair) for pair in zip(cells, _cells(text, columns), strict=True)]
    return cells


def _joined(pair: tuple[str, str]) -> str:
    return " ".join(filter(None, pair))


def _push_table(state: StateBlock, header: Rows, rows: Rows) -> None:
    make.push(state, list(_table(header, rows)))


def _table(header: Rows, rows: Rows) -> Iterator[Token]:
    yield Token("table_open", "table", 1, block=True)
    for part, name, cell in ((header, "thead", "th"), (rows, "tbody", "td")):
        if part:
            yield Token(f"{name}_open", name, 1, block=True)
            for row in part:
                yield from _table_row(row, cell)
            yield Token(f"{name}_close", name, -1, block=True)
    yield Token("table_close", "table", -1, block=True)


def _table_row(row: Sequence[str], name: str) -> Iterator[Token]:
    yield Token("tr_open", "tr", 1, block=True)
    for text in row:
        yield Token(f"{name}_open", name, 1, block=True)
        yield make.inline(text)
        yield Token(f"{name}_close", name, -1, block=True)
    yield Token("tr_close", "tr", -1, block=True)
