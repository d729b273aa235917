"""A source file becomes a Document, by what its name says it is."""

from pathlib import PurePosixPath

import msgspec

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.document import Blocks, Document, FrontMatter, Picture, Rule, Unspoken
from narrated.reading.front_matter import parted
from narrated.reading.text_decoding import decoded
from narrated.reading.title import readable, titled

PLAIN = frozenset({".txt"})
MARKDOWN = frozenset({".md", ".markdown"})
PAGES = frozenset({".html", ".htm"})
TEXTS = PLAIN | MARKDOWN | PAGES
"""Suffixes of the texts that can be read, in lower case."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
"""Suffixes of the pictures that can be described, in lower case."""


def read(data: bytes, name: str) -> Document:
    """Read a source's bytes; `name` is its file name, whose suffix says what it is.

    Raises SourceError for what is no document, broken, or empty.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PICTURES:
        return _picture(data, name)
    if suffix in TEXTS:
        return _text(data, name, suffix)
    problem = f"{printable(name)} is nothing that can be narrated."
    known = " ".join(sorted(TEXTS | PICTURES))
    raise SourceError(problem, f"Drop a text or a picture ({known}).")


def _picture(data: bytes, name: str) -> Document:
    from narrated.reading.picture_document import loaded  # late: texts need no Pillow

    if not data:
        raise SourceError(f"{printable(name)} is empty.", "Copy it again.")
    loaded(data, name)
    source = PurePosixPath(name).name
    return Document("picture", readable(name), "name", (Picture(source),))


def _text(data: bytes, name: str, suffix: str) -> Document:
    front, unused, body = parted(decoded(data, name), name)
    page_title, about, blocks = _blocks(body, name, suffix)
    front = _together(front, about)
    if front.narrate is not False and not any(_says_something(block) for block in blocks):
        problem = f"{printable(name)} holds no words: there is nothing to say."
        raise SourceError(problem, "Write something in it, or remove it.")
    title, title_from = titled(front, blocks, page_title, name)
    if page_title not in ("", title):
        reason = "the page's own title, which another stands for"
        unused = (*unused, Unspoken("title", reason, page_title))
    return Document("text", title, title_from, (*unused, *blocks), front)


def _together(front: FrontMatter, page: FrontMatter) -> FrontMatter:
    """What a page says of itself stands where its author's front matter says nothing."""
    said = msgspec.structs.asdict(front).items()
    return msgspec.structs.replace(page, **{key: value for key, value in said if value is not None})


def _blocks(body: str, name: str, suffix: str) -> tuple[str, FrontMatter, tuple[Blocks, ...]]:
    if suffix in PLAIN:
        from narrated.reading import plain_text

        return "", FrontMatter(), plain_text.blocks(body)
    if suffix in MARKDOWN:
        from narrated.reading import markdown

        return "", FrontMatter(), markdown.blocks(body, name)
    from narrated.reading import html

    page = html.page(body, name)
    return page.title, page.front, page.blocks


def _says_something(block: Blocks) -> bool:
    return not isinstance(block, Rule | Unspoken)
