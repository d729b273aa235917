"""Reads a source file into a Document; the suffix of its name decides the format."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from narrated.errors import SourceBlank, SourceError
from narrated.printable import printable
from narrated.reading.block_lines import BlockLines, Lines
from narrated.reading.collector_pause import collector_paused
from narrated.reading.document import (
    Blocks,
    Document,
    Picture,
    Rule,
    Unspoken,
)
from narrated.reading.file_kinds import MARKDOWN, PICTURES, PLAIN, READ, TEXTS, remedy_for
from narrated.reading.front_matter import split_front_matter
from narrated.reading.narration_settings import Choices, NarrationSettings, merged
from narrated.reading.plain_marks import read_marks
from narrated.reading.text_decoding import decoded
from narrated.reading.title_choice import choose_title, read_marked_up, readable_metadata
from narrated.reading.title_from_path import words_of_name

_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_RULE = re.compile(r"[-*_=~#+. ]+")


@collector_paused()
def read(
    data: bytes,
    name: str,
    choices: Choices | None = None,
    dialects_off: frozenset[str] = frozenset(),
    folder: str = "",
) -> Document:
    """Read a source's bytes; `name` is its path, and its suffix decides the format.

    `choices` are the allowed values of its front matter; `dialects_off` are the dialects of
    Markdown that do not apply. `folder` is the path of the folder that `name` starts from: folders
    may name a post and its day. Raises SourceError for data that is no
    document, broken, or empty.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PICTURES:
        return _picture(data, name)
    if suffix in TEXTS:
        path = f"{folder}/{name}".lstrip("/")
        return _text(data, path, name, choices or {}, dialects_off)
    problem = f"{printable(name)} is neither a text nor a picture that narrated reads."
    known = " ".join(sorted(READ))
    raise SourceError(problem, remedy_for(name) or f"Drop a text or a picture ({known}).")


def plain_blocks(text: str, places: BlockLines | None = None) -> tuple[Blocks, ...]:
    """Return the paragraphs of a plain text; a line of symbols (`* * *`) is a thematic break.

    `places` gets the lines of the blocks.
    """
    places = places or BlockLines()
    found: list[Blocks] = []
    for written, lines in _plain_paragraphs(text):
        paragraph = " ".join(written.split())
        blocks = [Rule()] if _RULE.fullmatch(paragraph) else list(read_marks(paragraph))
        places.note(blocks, lines)
        found += blocks
    return tuple(found)


def _plain_paragraphs(text: str) -> Iterator[tuple[str, Lines]]:
    """Yield the paragraphs that have a sign, with their lines."""
    line, done = 1, 0
    for end in (*_EMPTY_LINES.finditer(text), None):
        written = text[done : end.start() if end else len(text)]
        first = line + written.count("\n", 0, len(written) - len(written.lstrip()))
        if written.strip():
            yield written, (first, first + written.strip().count("\n"))
        if end:
            line += text.count("\n", done, end.end())
            done = end.end()


def _picture(data: bytes, name: str) -> Document:
    from narrated.reading.picture_decoding import load_picture  # late: texts need no Pillow

    if not data:
        raise SourceError(f"{printable(name)} is empty.", "Copy it again.")
    load_picture(data, name)
    source = PurePosixPath(name).name
    return Document("picture", words_of_name(PurePosixPath(name).stem), "name", (Picture(source),))


def _text(
    data: bytes, path: str, name: str, choices: Choices, dialects_off: frozenset[str]
) -> Document:
    text = decoded(data, name)
    front_matter, unused, body = split_front_matter(text, name, choices)
    given = dict.fromkeys(dialects_off, False) | front_matter.dialects
    dialects_off = frozenset(name for name, is_on in given.items() if not is_on)
    before = text.removesuffix(body) if body else text
    places = BlockLines(before.count("\n"))
    page_title, of_page, blocks = _blocks(body, name, dialects_off, places)
    read_line = partial(read_marked_up, name=name, dialects_off=dialects_off)
    metadata = readable_metadata(merged([of_page, front_matter]), read_line)
    wordless = all(isinstance(block, Rule | Unspoken) for block in blocks)
    if metadata.narrate is not False and wordless:
        is_begun = body.strip() and not metadata.draft_mark
        kind = SourceError if is_begun or not text.strip() else SourceBlank
        problem = f"{printable(name)} holds no words, so there is nothing to say."
        raise kind(problem, "Write something in it, or remove it.")
    title, of_path = choose_title(
        metadata, blocks, page_title, path, partial(read_line, is_title=True)
    )
    if page_title not in ("", title.text):
        reason = "the page's own title; another title is spoken"
        unused = (*unused, Unspoken("title", reason, page_title))
    return Document(
        "text",
        title.text,
        title.origin,
        (*unused, *blocks),
        metadata,
        title_spans=title.spans,
        path_date=of_path.date,
        lines=places.of((*unused, *blocks)),
    )


def _blocks(
    body: str, name: str, dialects_off: frozenset[str], places: BlockLines
) -> tuple[str, NarrationSettings, tuple[Blocks, ...]]:
    """Parse a text into its page's title, its page's metadata, and its blocks."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PLAIN:
        return "", NarrationSettings(), plain_blocks(body, places)
    if suffix in MARKDOWN:
        from narrated.reading import markdown

        return "", NarrationSettings(), markdown.blocks(body, name, dialects_off, places)
    from narrated.reading import html

    return html.page(body, name, dialects_off, places)
