"""Reads a source file into a Document; the suffix of its name decides the format."""

import re
from pathlib import PurePosixPath

from narrated.errors import SourceBlank, SourceError
from narrated.printable import printable
from narrated.reading.document import (
    Blocks,
    Document,
    Heading,
    Paragraph,
    Picture,
    Rule,
    Text,
    TitleFrom,
    Unspoken,
    plain,
)
from narrated.reading.file_kinds import MARKDOWN, PICTURES, PLAIN, READ, TEXTS, remedy_for
from narrated.reading.front_matter import split_front_matter
from narrated.reading.narration_settings import Choices, NarrationSettings, merged
from narrated.reading.text_decoding import cleaned, decoded

_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_RULE = re.compile(r"[-*_=~#+. ]+")
_DAY_BEFORE = re.compile(r"\A\d{4}-\d\d-\d\d[-_. ]+(?=\S)")
_JOINTS = re.compile(r"[\s_.+-]+")


def read(
    data: bytes,
    name: str,
    choices: Choices | None = None,
    dialects_off: frozenset[str] = frozenset(),
) -> Document:
    """Read a source's bytes; `name` is its path, and its suffix decides the format.

    `choices` are the allowed values of its front matter; `dialects_off` are the dialects of
    Markdown that do not apply. Raises SourceError for data that is no
    document, broken, or empty.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PICTURES:
        return _picture(data, name)
    if suffix in TEXTS:
        return _text(data, name, choices or {}, dialects_off)
    problem = f"{printable(name)} is neither a text nor a picture that narrated reads."
    known = " ".join(sorted(READ))
    raise SourceError(problem, remedy_for(name) or f"Drop a text or a picture ({known}).")


def plain_blocks(text: str) -> tuple[Blocks, ...]:
    """Return the paragraphs of a plain text; a line of symbols (`* * *`) is a thematic break."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in _EMPTY_LINES.split(text))
    return tuple(
        Rule() if _RULE.fullmatch(paragraph) else Paragraph((Text(paragraph),))
        for paragraph in paragraphs
        if paragraph
    )


def _picture(data: bytes, name: str) -> Document:
    from narrated.reading.picture_decoding import load_picture  # late: texts need no Pillow

    if not data:
        raise SourceError(f"{printable(name)} is empty.", "Copy it again.")
    load_picture(data, name)
    source = PurePosixPath(name).name
    return Document("picture", _words_of_name(name), "name", (Picture(source),))


def _text(data: bytes, name: str, choices: Choices, dialects_off: frozenset[str]) -> Document:
    text = decoded(data, name)
    front_matter, unused, body = split_front_matter(text, name, choices)
    page_title, of_page, blocks = _blocks(body, name, dialects_off)
    metadata = merged([of_page, front_matter])
    wordless = all(isinstance(block, Rule | Unspoken) for block in blocks)
    if metadata.narrate is not False and wordless:
        kind = SourceError if body.strip() or not text.strip() else SourceBlank
        problem = f"{printable(name)} holds no words, so there is nothing to say."
        raise kind(problem, "Write something in it, or remove it.")
    title, title_from = _title(metadata, blocks, page_title, name)
    if page_title not in ("", title):
        reason = "the page's own title; another title is spoken"
        unused = (*unused, Unspoken("title", reason, page_title))
    return Document("text", title, title_from, (*unused, *blocks), metadata)


def _blocks(
    body: str, name: str, dialects_off: frozenset[str]
) -> tuple[str, NarrationSettings, tuple[Blocks, ...]]:
    """Parse a text into its page's title, its page's metadata, and its blocks."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PLAIN:
        return "", NarrationSettings(), plain_blocks(body)
    if suffix in MARKDOWN:
        from narrated.reading import markdown

        return "", NarrationSettings(), markdown.blocks(body, name, dialects_off)
    from narrated.reading import html

    return html.page(body, name)


def _title(
    metadata: NarrationSettings, blocks: tuple[Blocks, ...], page_title: str, name: str
) -> tuple[str, TitleFrom]:
    if metadata.title:
        return metadata.title, "front matter"
    for block in blocks:
        if isinstance(block, Heading) and (words := plain(block.spans)):
            return words, "heading"
    return (page_title, "page") if page_title else (_words_of_name(name), "name")


def _words_of_name(name: str) -> str:
    """Turn a file name into words: `2024-03-09-my-first_post.md` becomes "my first post"."""
    stem = _DAY_BEFORE.sub("", PurePosixPath(name).stem)  # a blog engine's date prefix
    words = _JOINTS.sub(" ", cleaned(stem)).strip() or stem.strip() or "-"
    return words.encode("utf-8", "replace").decode("utf-8")
