"""A Document: the blocks of a source, the same for every format."""

from typing import Literal

import msgspec

from narrated.reading.narration_settings import NarrationSettings


class Span(msgspec.Struct, frozen=True, tag=True):
    """A part of the running text in a block."""


class Text(Span, frozen=True, tag=True):
    """Plain words, white space folded."""

    text: str


class InlineCode(Span, frozen=True, tag=True):
    """Code inside a sentence."""

    text: str


class Emphasis(Span, frozen=True, tag=True):
    """Emphasised words; `strong` for bold."""

    spans: "tuple[Spans, ...]"
    strong: bool = False


class Deleted(Span, frozen=True, tag=True):
    """Words that the author struck out."""

    spans: "tuple[Spans, ...]"


class Formatted(Span, frozen=True, tag=True):
    """Words that are set in another way, which the voice does not tell."""

    spans: "tuple[Spans, ...]"
    kind: Literal["sub", "sup", "mark", "abbr"]
    said: str = ""
    """Said in their place, such as `^6`; empty if they are said as they are."""
    title: str = ""
    """The long form of an abbreviation."""


class Link(Span, frozen=True, tag=True):
    """Linked words and their target."""

    spans: "tuple[Spans, ...]"
    target: str = ""


class Foreign(Span, frozen=True, tag=True):
    """Words that the author marked as of a language, which may be that of the text around them."""

    spans: "tuple[Spans, ...]"
    language: str = ""
    """A language tag, such as `fr` or `pt-BR`; empty for the post's language."""


class InlinePicture(Span, frozen=True, tag=True):
    """A picture inside a sentence; `source` as the author wrote it."""

    source: str
    alt: str = ""
    title: str = ""


class FootnoteMark(Span, frozen=True, tag=True):
    """A reference to a footnote."""

    label: str


class InlineMath(Span, frozen=True, tag=True):
    """A formula inside a sentence, in its source notation."""

    text: str


class LineBreak(Span, frozen=True, tag=True):
    """A hard line break."""


Spans = (
    Text
    | InlineCode
    | Emphasis
    | Deleted
    | Formatted
    | Link
    | Foreign
    | InlinePicture
    | FootnoteMark
    | InlineMath
    | LineBreak
)


class Block(msgspec.Struct, frozen=True, tag=True):
    """A block of a document, in source order."""


class Heading(Block, frozen=True, tag=True):
    """A heading; `level` is 1 to 6."""

    level: int
    spans: tuple[Spans, ...]


class Paragraph(Block, frozen=True, tag=True):
    """Running text."""

    spans: tuple[Spans, ...]
    part: Literal["", "caption", "table caption", "term", "definition"] = ""
    """Its place beside a picture or a table, or in a list of definitions. It is said as any other
    paragraph; the page shows it there."""


class Item(msgspec.Struct, frozen=True):
    """One entry of a listing; `done` is None unless the entry is a task."""

    blocks: "tuple[Blocks, ...]"
    done: bool | None = None


class Listing(Block, frozen=True, tag=True):
    """A list; `start` is the first number of an ordered one."""

    items: tuple[Item, ...]
    ordered: bool = False
    start: int = 1


class Quote(Block, frozen=True, tag=True):
    """Quoted blocks."""

    blocks: "tuple[Blocks, ...]"


class Admonition(Block, frozen=True, tag=True):
    """A note, a tip, a warning, set off from the text; `title` may be empty."""

    kind: str
    """As the author named it: note, tip, warning."""
    title: tuple[Spans, ...]
    blocks: "tuple[Blocks, ...]"


class Code(Block, frozen=True, tag=True):
    """A block of code; `language` as the author named it, often empty."""

    text: str
    language: str = ""


class Cell(msgspec.Struct, frozen=True):
    """One cell of a table."""

    spans: tuple[Spans, ...]
    is_heading: bool = False
    """True for the heading of a row; those of columns stand in the table's header."""
    columns: int = 1
    rows: int = 1
    """Columns and rows over which it stretches."""


class Table(Block, frozen=True, tag=True):
    """A table: its header cells (may be empty) and its rows."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Picture(Block, frozen=True, tag=True):
    """A picture outside a sentence; `source` as the author wrote it."""

    source: str
    alt: str = ""
    title: str = ""


class Footnote(Block, frozen=True, tag=True):
    """The text of a footnote; its marks have the same label."""

    label: str
    blocks: "tuple[Blocks, ...]"


class Rule(Block, frozen=True, tag=True):
    """A thematic break."""


class Math(Block, frozen=True, tag=True):
    """A formula outside a sentence, in its source notation."""

    text: str


class Unspoken(Block, frozen=True, tag=True):
    """A part of the source that is never spoken (a script, a comment, a form), with the reason."""

    kind: str
    reason: str
    text: str = ""


Blocks = (
    Heading
    | Paragraph
    | Listing
    | Quote
    | Admonition
    | Code
    | Table
    | Picture
    | Footnote
    | Rule
    | Math
    | Unspoken
)


TitleFrom = Literal["front matter", "heading", "page", "name"]


class Document(msgspec.Struct, frozen=True):
    """A source after reading: its title, its metadata, and its blocks in order."""

    kind: Literal["text", "picture", "gallery"]
    title: str
    title_from: TitleFrom
    """The origin of the title."""
    blocks: tuple[Blocks, ...]
    metadata: NarrationSettings = NarrationSettings()
    title_spans: tuple[Spans, ...] = ()
    """The title as its author marked it up; empty for a plain one."""
    path_date: str = ""
    """The date in the file's or a folder's name."""
    lines: tuple[tuple[int, int], ...] = ()
    """First and last line in the source of each block at any depth, by its number, from 1;
    (0, 0) where that is not known."""


_HOLDERS = (Quote, Admonition, Footnote)


def child_blocks(block: Blocks) -> tuple[Blocks, ...]:
    """Return the blocks directly inside a block."""
    if type(block) is Paragraph:  # most are
        return ()
    if isinstance(block, Listing):
        return tuple(inner for item in block.items for inner in item.blocks)
    return block.blocks if isinstance(block, _HOLDERS) else ()


def plain(spans: tuple[Spans, ...]) -> str:
    """Return the words of spans, struck-out ones too, without pictures and footnote marks."""
    return " ".join("".join(map(_words, spans)).split())


def _words(span: Spans) -> str:
    if isinstance(span, Text | InlineCode | InlineMath):
        return span.text
    if isinstance(span, Emphasis | Deleted | Link | Foreign):
        return "".join(map(_words, span.spans))
    if isinstance(span, Formatted):
        return span.said or "".join(map(_words, span.spans))
    return "" if isinstance(span, FootnoteMark) else " "
