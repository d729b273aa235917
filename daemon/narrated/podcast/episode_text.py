"""The text of an episode: its paragraphs, and the HTML that players show of them."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from html import escape
from itertools import groupby, pairwise
from unicodedata import east_asian_width

import msgspec

from narrated.outbox.manifest_sentences import decoded_sentences
from narrated.podcast.episode import TextBlock

MOST_HTML_BYTES = 1 << 20
"""Bound on an item's whole text: a book of twenty hours."""
MOST_DESCRIPTION_BYTES = 4000
"""Apple's bound on a description, tags and all."""

_TAGS = {"title": "h1", "heading": "h2", "quote": "blockquote", "code": "pre"}
"""The elements of roles; all others are paragraphs."""
_NO_DESCRIPTION = ("title", "byline", "heading", "notice", "code", "table")
_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>\x00-\x20\x7f\ud800-\udfff]{1,2000}", re.I)
_ELLIPSIS = "…"
_WIDE_ENDS = ("。", "！", "？", "｡")
_WIDE = ("W", "F", "H")
"""Widths of signs, by Unicode's names, that follow the end of a sentence without a space."""


class Paragraph(msgspec.Struct, frozen=True):
    """A unit of the text: its role, its words, and the address of the picture that it describes."""

    role: str
    text: str
    picture: str = ""


class _Line(msgspec.Struct, frozen=True):
    id: str
    role: str
    text: str
    block: int = 0


class _Chapter(msgspec.Struct, frozen=True):
    line: str
    picture: str = ""


class _Script(msgspec.Struct, frozen=True):
    lines: tuple[_Line, ...] = ()


class _Draft(msgspec.Struct, frozen=True):
    script: _Script = _Script()
    chapters: tuple[_Chapter, ...] = ()


class _Plan(msgspec.Struct, frozen=True):
    """The part of a stored plan that has the text: `jobs/plan.py` writes it."""

    plan: _Draft = _Draft()


def paragraphs_of_sentences(content: bytes, blocks: Iterable[TextBlock]) -> tuple[Paragraph, ...]:
    """Return the text of a manifest as it was written; nothing if it has no sentences.

    What belongs to no block of the source is no part of it: a title from elsewhere, the byline, and
    the sentences before and after all posts.
    """
    known = {each.number: each for each in reversed(list(blocks))}
    sentences = decoded_sentences(msgspec.Raw(content))
    return tuple(
        Paragraph(
            known[number].role if number in known else "paragraph",
            _text([each.written or each.spoken for each in parts]),
            known[number].picture if number in known else "",
        )
        for number, parts in groupby(sentences, lambda sentence: sentence.block)
        if number >= 0
    )


def _text(sentences: Sequence[str]) -> str:
    """Join sentences with spaces, but where Chinese and Japanese have none."""
    joints = (
        "" if one.endswith(_WIDE_ENDS) and east_asian_width(other[:1] or " ") in _WIDE else " "
        for one, other in pairwise(sentences)
    )
    return "".join(map("".join, zip(["", *joints], sentences, strict=True)))


def paragraphs_of_plan(content: bytes) -> tuple[Paragraph, ...]:
    """Return the text of a stored plan; nothing if another version of narrated wrote it."""
    with suppress(ValueError, msgspec.ValidationError, RecursionError):
        draft = msgspec.convert(json.loads(content), _Plan).plan  # it may hold surrogates
        pictures = {each.line: each.picture for each in draft.chapters}
        return tuple(
            Paragraph(line.role, "".join([line.text, *(f" {each.text}" for each in rest)]), shown)
            for line, rest, shown in _units(draft.script.lines, pictures)
        )
    return ()


def _units(
    lines: Sequence[_Line], pictures: dict[str, str]
) -> Iterator[tuple[_Line, list[_Line], str]]:
    """Put the lines of each unit of the source together: those in several languages."""
    inside = (line for line in lines if line.block >= 0)
    for number, parts in groupby(inside, lambda line: line.id):
        first, *rest = parts
        yield first, rest, pictures.get(number, "")


def description_html(own: str, paragraphs: Iterable[Paragraph]) -> str:
    """Return the description as HTML: the author's own, or else the first paragraph.

    It is cut between two words where it gets too long.
    """
    spoken = (each.text for each in paragraphs if each.role not in _NO_DESCRIPTION)
    text = " ".join((own.strip() or next(filter(str.strip, spoken), "")).split())
    if _size(escape(text, quote=False)) <= MOST_DESCRIPTION_BYTES:
        return escape(text, quote=False)
    cut = text[:MOST_DESCRIPTION_BYTES]
    while cut and _size(escape(cut, quote=False)) > MOST_DESCRIPTION_BYTES - _size(_ELLIPSIS):
        cut = cut[: -max(1, len(cut) // 16)]
    whole_words = cut.rpartition(" ")[0] or cut
    return escape(whole_words, quote=False) + _ELLIPSIS


def content_html(paragraphs: Iterable[Paragraph]) -> str:
    """Return the whole text as HTML, in which nothing is the author's but words."""
    written: list[str] = []
    size = 0
    for each in _without_title(paragraphs):
        element = _element(each)
        size += _size(element)
        if size > MOST_HTML_BYTES:
            written.append(f"<p>{_ELLIPSIS}</p>")
            break
        written.append(element)
    return "\n".join(written)


def _without_title(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Leave out the title: the item has it already."""
    return (each for each in paragraphs if each.role not in ("title", "byline"))


def _element(paragraph: Paragraph) -> str:
    words = escape(paragraph.text, quote=False)
    if _WEB_ADDRESS.fullmatch(paragraph.picture):
        # The words beside it describe it: an `alt` would say them twice.
        words = f'<img src="{escape(paragraph.picture)}" alt=""/><br/>{words}'
    tag = _TAGS.get(paragraph.role, "p")
    return f"<{tag}>{words}</{tag}>"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
