"""What a document is called: its author's word for it, else its first heading, else its name."""

import re
from pathlib import PurePosixPath
from typing import Literal

from narrated.reading.document import (
    Blocks,
    Deleted,
    Emphasis,
    FootnoteMark,
    FrontMatter,
    Heading,
    InlineCode,
    InlineMath,
    Link,
    Spans,
    Text,
)
from narrated.reading.text_decoding import cleaned

TitleFrom = Literal["front matter", "heading", "page", "name"]
_DAY_BEFORE = re.compile(r"\A\d{4}-\d\d-\d\d[-_. ]+(?=\S)")
_JOINTS = re.compile(r"[\s_.+-]+")


def titled(
    front: FrontMatter, blocks: tuple[Blocks, ...], page_title: str, name: str
) -> tuple[str, TitleFrom]:
    """Choose a document's title, and tell where it comes from."""
    if front.title:
        return front.title, "front matter"
    for block in blocks:
        if isinstance(block, Heading) and (words := plain(block.spans)):
            return words, "heading"
    return (page_title, "page") if page_title else (readable(name), "name")


def readable(name: str) -> str:
    """Make a file's name sayable: `2024-03-09-my-first_post.md` is "my first post"."""
    stem = PurePosixPath(name).stem
    stem = _DAY_BEFORE.sub("", stem)  # as blog engines name their files; a post's date says it
    words = _JOINTS.sub(" ", cleaned(stem)).strip() or stem.strip() or "-"
    return words.encode("utf-8", "replace").decode("utf-8")


def plain(spans: tuple[Spans, ...]) -> str:
    """Give the words of spans alone, without pictures and marks; struck-out ones are words too."""
    return " ".join("".join(_words(span) for span in spans).split())


def _words(span: Spans) -> str:
    if isinstance(span, Text | InlineCode | InlineMath):
        return span.text
    if isinstance(span, Emphasis | Deleted | Link):
        return "".join(_words(inner) for inner in span.spans)
    return "" if isinstance(span, FootnoteMark) else " "
