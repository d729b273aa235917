"""Reads a source file into a Document; the suffix of its name decides the format."""

from pathlib import PurePosixPath

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.document import Blocks, Document, Picture, Rule, Unspoken
from narrated.reading.front_matter import split_front_matter
from narrated.reading.metadata import Choices, Metadata, merged
from narrated.reading.text_decoding import decoded
from narrated.reading.title import choose_title, words_of_name

PLAIN = frozenset({".txt"})
MARKDOWN = frozenset({".md", ".markdown"})
PAGES = frozenset({".html", ".htm"})
TEXTS = PLAIN | MARKDOWN | PAGES
"""Suffixes of readable texts, in lower case."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
"""Suffixes of pictures that can be described, in lower case."""


def read(data: bytes, name: str, choices: Choices | None = None) -> Document:
    """Read a source's bytes; `name` is its path, and its suffix decides the format.

    `choices` are the allowed values of its front matter. Raises SourceError for data that is no
    document, broken, or empty.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PICTURES:
        return _picture(data, name)
    if suffix in TEXTS:
        return _text(data, name, suffix, choices or {})
    problem = f"{printable(name)} is nothing that can be narrated."
    known = " ".join(sorted(TEXTS | PICTURES))
    raise SourceError(problem, f"Drop a text or a picture ({known}).")


def _picture(data: bytes, name: str) -> Document:
    from narrated.reading.picture_loading import load_picture  # late: texts need no Pillow

    if not data:
        raise SourceError(f"{printable(name)} is empty.", "Copy it again.")
    load_picture(data, name)
    source = PurePosixPath(name).name
    return Document("picture", words_of_name(name), "name", (Picture(source),))


def _text(data: bytes, name: str, suffix: str, choices: Choices) -> Document:
    front_matter, unused, body = split_front_matter(decoded(data, name), name, choices)
    page_title, of_page, blocks = _blocks(body, name, suffix)
    metadata = merged([of_page, front_matter])
    if metadata.narrate is not False and not any(_has_words(block) for block in blocks):
        problem = f"{printable(name)} holds no words, so there is nothing to say."
        raise SourceError(problem, "Write something in it, or remove it.")
    title, title_from = choose_title(metadata, blocks, page_title, name)
    if page_title not in ("", title):
        reason = "the page's own title; another title is spoken"
        unused = (*unused, Unspoken("title", reason, page_title))
    return Document("text", title, title_from, (*unused, *blocks), metadata)


def _blocks(body: str, name: str, suffix: str) -> tuple[str, Metadata, tuple[Blocks, ...]]:
    if suffix in PLAIN:
        from narrated.reading import plain_text

        return "", Metadata(), plain_text.blocks(body)
    if suffix in MARKDOWN:
        from narrated.reading import markdown

        return "", Metadata(), markdown.blocks(body, name)
    from narrated.reading import html

    page = html.page(body, name)
    return page.title, page.metadata, page.blocks


def _has_words(block: Blocks) -> bool:
    return not isinstance(block, Rule | Unspoken)
