"""Chooses a document's title: metadata, first heading, page title, or file name."""

import re
from pathlib import PurePosixPath
from typing import Literal

from narrated.reading.document import (
    Blocks,
    Deleted,
    Emphasis,
    FootnoteMark,
    Heading,
    InlineCode,
    InlineMath,
    Link,
    Spans,
    Text,
)
from narrated.reading.metadata import Metadata
from narrated.reading.text_decoding import cleaned

TitleFrom = Literal["front matter", "heading", "page", "name"]
_DAY_BEFORE = re.compile(r"\A\d{4}-\d\d-\d\d[-_. ]+(?=\S)")
_JOINTS = re.compile(r"[\s_.+-]+")


def choose_title(
    metadata: Metadata, blocks: tuple[Blocks, ...], page_title: str, name: str
) -> tuple[str, TitleFrom]:
    """Return a document's title and its origin."""
    if metadata.title:
        return metadata.title, "front matter"
    for block in blocks:
        if isinstance(block, Heading) and (words := plain(block.spans)):
            return words, "heading"
    return (page_title, "page") if page_title else (words_of_name(name), "name")


def words_of_name(name: str) -> str:
    """Turn a file name into words: `2024-03-09-my-first_post.md` becomes "my first post"."""
    stem = PurePosixPath(name).stem
    stem = _DAY_BEFORE.sub("", stem)  # a blog engine's date prefix
    words = _JOINTS.sub(" ", cleaned(stem)).strip() or stem.strip() or "-"
    return words.encode("utf-8", "replace").decode("utf-8")


def plain(spans: tuple[Spans, ...]) -> str:
    """Return the words of spans, struck-out ones too, without pictures and footnote marks."""
    return " ".join("".join(_words(span) for span in spans).split())


def _words(span: Spans) -> str:
    if isinstance(span, Text | InlineCode | InlineMath):
        return span.text
    if isinstance(span, Emphasis | Deleted | Link):
        return "".join(_words(inner) for inner in span.spans)
    return "" if isinstance(span, FootnoteMark) else " "
