"""Find each spoken sentence in the text that the page shows, and mark it there.

A sentence is found by its written words, wherever they cross the author's markup. What is announced
is no part of the text: it marks the whole block that it stands for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from narrated.post_html.shares_of_text import SharesOfText
from narrated.post_html.shown_text import Piece, text_of, text_of_spans
from narrated.post_html.spoken_sentences import SpokenSentence
from narrated.post_html.text_forms import PageCopies
from narrated.post_html.word_matching import find_words, matched_words
from narrated.reading import document as doc
from narrated.reading.document import child_blocks
from narrated.script.inline_text import find_spans
from narrated.script.runs import links_inside
from narrated.script.script import Role

TITLE = -1
"""The block of the title, which may be no block of the document."""


class Range(NamedTuple):
    """A part of a block's text, and the sentences that are said of it."""

    start: int
    end: int
    numbers: tuple[int, ...]


@dataclass(slots=True)
class Marks:
    """The marks of a document."""

    ranges: dict[int, list[Range]] = field(default_factory=lambda: defaultdict(list))
    """By block, in order."""
    whole: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The sentences for which a block stands as a whole."""
    rows: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    """The sentences of a table's row, by its block and its place."""


class Node(NamedTuple):
    """A block, its number, and the place that it has in the block around it."""

    number: int
    block: doc.Blocks
    outer: int
    """The number of the block around it; -1 if there is none."""
    place: int


def numbered_nodes(blocks: Iterable[doc.Blocks]) -> list[Node]:
    """Return every block at any depth in the order of their numbers."""
    nodes: list[Node] = []
    waiting = [(block, -1, place) for place, block in enumerate(blocks)][::-1]
    while waiting:
        block, outer, place = waiting.pop()
        number = len(nodes)
        nodes.append(Node(number, block, outer, place))
        inner = child_blocks(block)
        waiting += [(each, number, at) for at, each in enumerate(inner)][::-1]
    return nodes


def mark_sentences(
    nodes: Sequence[Node],
    title: Iterable[doc.Spans],
    sentences: Iterable[SpokenSentence],
    copies: PageCopies,
) -> Marks:
    """Mark the sentences in the text of the blocks, and in that of the title."""
    own: dict[int, list[SpokenSentence]] = defaultdict(list)
    for one in sentences:
        own[TITLE if one.role == Role.TITLE else one.block].append(one)
    marks = Marks()
    titles = [one for one in own.pop(TITLE, ()) if one.role == Role.TITLE]
    _mark_text([(TITLE, text_of_spans(title, copies))], titles, marks)
    for number, parts in _units(nodes, own):
        _mark_unit(nodes[number].block, parts, own[number], marks, copies)
    _mark_runs(nodes, own, marks)
    return marks


def _units(
    nodes: Sequence[Node], own: Mapping[int, list[SpokenSentence]]
) -> Iterator[tuple[int, list[Node]]]:
    """Give each block that has sentences, with the paragraphs that are said together with it."""
    together: dict[int, list[Node]] = {node.number: [node] for node in nodes if node.number in own}
    apart = {node.outer for node in nodes if node.number in own}
    for node in nodes:
        if node.number not in own and isinstance(node.block, doc.Paragraph):
            outer = nodes[node.outer].block if node.outer in together else None
            is_quoted = isinstance(outer, doc.Quote) and node.outer not in apart
            is_first = isinstance(outer, doc.Admonition | doc.Footnote) and not node.place
            if is_quoted or is_first:
                together[node.outer].append(node)
    yield from together.items()


def _mark_unit(
    block: doc.Blocks,
    parts: Sequence[Node],
    sentences: list[SpokenSentence],
    marks: Marks,
    copies: PageCopies,
) -> None:
    number = parts[0].number
    if isinstance(block, doc.Table):
        _mark_table(block, number, sentences, marks)
        return
    text = [(each.number, text_of(each.block, copies)) for each in parts]
    is_announced = isinstance(block, doc.Code | doc.Math) or bool(links_inside(block))
    _mark_text(text, sentences, marks, is_announced=is_announced)


def _mark_table(
    table: doc.Table, number: int, sentences: Iterable[SpokenSentence], marks: Marks
) -> None:
    """Mark a table by its announcement, each row by its line, and the others by their count."""
    lines = [[one.number for one in line] for _, line in groupby(sentences, lambda one: one.line)]
    announced, *others = lines
    marks.whole[number] += announced
    rows = [at for at, row in enumerate(table.rows) if _has_words(table, row)]
    if len(others) > len(rows):  # another version has said it
        marks.whole[number] += [each for line in others for each in line]
        return
    said = len(others) if len(others) == len(rows) else len(others) - 1
    for at, line in zip(rows[:said], others, strict=False):
        marks.rows[number, at] += line
    for at in rows[said:] if others else ():
        marks.rows[number, at] += others[-1]


def _has_words(table: doc.Table, row: tuple[doc.Cell, ...]) -> bool:
    """True if a row is said: it has a word, or a column with a heading."""
    heard = (*row, *table.header[: len(row)])
    return any(
        isinstance(span, doc.InlinePicture | doc.InlineMath)
        or any(map(str.isalnum, getattr(span, "text", "")))
        for cell in heard
        for span in find_spans(cell.spans, doc.Span)
    )


def _mark_runs(
    nodes: Iterable[Node], own: Mapping[int, list[SpokenSentence]], marks: Marks
) -> None:
    """Mark all blocks of a run by the sentence that tells of it; the first of them has it.

    A footnote between two of them is no part of it, nor are they of a run in the footnote.
    """
    notes = {-1: -1}  # the footnote that each block is in
    runs: dict[int, tuple[str, int]] = {}
    for node in nodes:
        is_note = isinstance(node.block, doc.Footnote)
        note = notes[node.number] = node.number if is_note else notes[node.outer]
        kind, number = runs.get(note, ("", -1))
        found = _run_kind(node.block)
        if node.number in own:
            runs[note] = found, own[node.number][0].number
        elif kind and found == kind:
            marks.whole[node.number].append(number)
        elif found or not (child_blocks(node.block) or isinstance(node.block, doc.Unspoken)):
            runs[note] = "", -1


def _run_kind(block: doc.Blocks) -> str:
    if isinstance(block, doc.Code) and block.text.strip():
        return "code"
    if isinstance(block, doc.Picture):
        return "pictures"
    return "links" if links_inside(block) else ""


class _Word(NamedTuple):
    """A word of the text, and where it stands."""

    text: str
    block: int
    start: int
    end: int


def _mark_text(
    text: Sequence[tuple[int, Sequence[Piece]]],
    sentences: Sequence[SpokenSentence],
    marks: Marks,
    *,
    is_announced: bool = False,
) -> None:
    """Mark the sentences of a unit in its text; those that are not there mark its first block."""
    shown = [word for block, pieces in text for word in _words_of_pieces(block, pieces)]
    said = [[word[0] for word in find_words(one.words)] for one in sentences]
    everything = [word for words in said for word in words]
    places = iter(matched_words(everything, [one.text for one in shown]))
    shares = SharesOfText()
    for one, words in zip(sentences, said, strict=True):
        shares.add(one.number, words, [next(places) for _ in words], is_announced=is_announced)
    found, lost = shares.of(len(shown), is_filled=not is_announced)
    marks.whole[text[0][0]] += lost
    for share in found:
        for block, inside in groupby(shown[share.first : share.end], lambda word: word.block):
            words_inside = list(inside)
            place = Range(words_inside[0].start, words_inside[-1].end, share.numbers)
            marks.ranges[block].append(place)


def _words_of_pieces(block: int, pieces: Iterable[Piece]) -> Iterator[_Word]:
    at = 0
    for piece in pieces:
        if piece.is_said:
            for word in find_words(piece.text):
                yield _Word(word[0], block, at + word.start(), at + word.end())
        else:
            yield _Word("", block, at, at + len(piece.text))
        at += len(piece.text)
