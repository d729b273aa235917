"""Captions of pictures in HTML: a picture that nothing else names is named by its caption."""

from bs4 import Tag
from msgspec.structs import replace

from narrated.reading.document import (
    Blocks,
    Emphasis,
    Formatted,
    Link,
    Paragraph,
    Picture,
    Spans,
    Text,
    Unspoken,
    plain,
)
from narrated.reading.html_element_names import names

_HOLDERS = names("figure dl div li")
_CAPTIONED = names("wp-caption gallery-item captioned-image-container")
"""Classes of elements that hold a picture and its caption, without a <figure>."""
_LONGEST = 300


def holds_caption(tag: Tag) -> bool:
    """True if an element may hold a picture and its caption."""
    if tag.name == "figure":
        return True
    return tag.name in _HOLDERS and not _CAPTIONED.isdisjoint(tag.get_attribute_list("class"))


def with_captions(blocks: list[Blocks]) -> list[Blocks]:
    """Name a lone picture by the short paragraph beside it: "An image: Two dogs."

    A picture with a label or a title keeps it, and its caption stays a paragraph beside it.
    """
    said = [block for block in blocks if not isinstance(block, Unspoken)]
    match said:
        case [Picture(alt="", title="") as picture, Paragraph(spans) as caption]:
            pass
        case [Paragraph(spans) as caption, Picture(alt="", title="") as picture]:
            pass
        case [Picture() as picture, Paragraph(spans) as caption]:
            return [replace(each, part="caption") if each is caption else each for each in blocks]
        case _:
            return blocks
    words = plain(spans)
    if not all(map(_is_plain, spans)) or not words or len(words) > _LONGEST:
        return blocks
    named = Picture(picture.source, title=words)
    return [named if each is picture else each for each in blocks if each is not caption]


def _is_plain(span: Spans) -> bool:
    """True for words that lose nothing in a title."""
    if isinstance(span, Emphasis | Formatted | Link):
        return all(map(_is_plain, span.spans))
    return isinstance(span, Text)
