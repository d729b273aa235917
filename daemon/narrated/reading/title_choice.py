"""Chooses a post's title: front matter, its first heading, its page, or its name."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple

from msgspec.structs import replace

from narrated.reading.document import (
    Blocks,
    Footnote,
    Heading,
    Paragraph,
    Picture,
    Rule,
    Spans,
    Text,
    TitleFrom,
    Unspoken,
    plain,
)
from narrated.reading.narration_settings import NarrationSettings
from narrated.reading.title_from_path import PathFacts, path_facts, words_of_name

_STAR = re.compile(r"(?<=\w)\*(?=\w)")
_LONGEST_MARKED_UP = 1000
_MARKUP = re.compile(r"[\\`*_\[\]<>&~$:]")

ReadLine = Callable[[str], tuple[Spans, ...]]
"""Reads a line that may hold markup."""


class Title(NamedTuple):
    """A title in words, its origin, and its spans if it is marked up."""

    text: str
    origin: TitleFrom
    spans: tuple[Spans, ...] = ()


def choose_title(
    metadata: NarrationSettings,
    blocks: tuple[Blocks, ...],
    page_title: str,
    path: str,
    read_title: ReadLine,
) -> tuple[Title, PathFacts]:
    """Choose a title, and return it with what the path says of the post."""
    of_path = path_facts(path)
    if metadata.title and (spans := read_title(metadata.title)):
        return Title(plain(spans) or metadata.title, "front matter", spans), of_path
    if heading := _title_heading(blocks):
        return Title(plain(heading.spans), "heading", heading.spans), of_path
    if page_title:
        return Title(page_title, "page"), of_path
    if metadata.slug:
        return Title(words_of_name(PurePosixPath(metadata.slug).name), "name"), of_path
    return Title(of_path.title, "name"), of_path


def readable_metadata(metadata: NarrationSettings, read_line: ReadLine) -> NarrationSettings:
    """Return metadata with author and description in words, without markup."""
    readable = {
        key: plain(read_line(value)) or None
        for key in ("author", "description")
        if (value := getattr(metadata, key)) and _MARKUP.search(value)
    }
    return replace(metadata, **readable) if readable else metadata


def read_marked_up(
    text: str, name: str, dialects_off: frozenset[str] = frozenset(), *, is_title: bool = False
) -> tuple[Spans, ...]:
    """Return the spans of a line that may hold Markdown or HTML."""
    if len(text) > _LONGEST_MARKED_UP or not _MARKUP.search(text):
        return (Text(text),)
    from narrated.reading import markdown  # late: few values are marked up

    starred = _STAR.sub(r"\\*", text)  # `2*3*4` emphasises nothing
    return markdown.inline_spans(starred, name, dialects_off, is_title=is_title)


def is_wordless(block: Blocks) -> bool:
    """True for a block that says nothing of its own, such as a picture or a row of badges."""
    if isinstance(block, Paragraph):
        return not plain(block.spans)
    return isinstance(block, Unspoken | Rule | Footnote | Picture)


def _title_heading(blocks: tuple[Blocks, ...]) -> Heading | None:
    """Find the first-level heading that is the first block, or the only one."""
    headings = [
        block
        for block in blocks
        if isinstance(block, Heading) and block.level == 1 and plain(block.spans)
    ]
    if len(headings) == 1:
        return headings[0]
    first = next((each for each in blocks if not is_wordless(each)), None)
    return next((each for each in headings if each is first), None)
