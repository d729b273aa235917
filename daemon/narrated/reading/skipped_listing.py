"""Lists skipped HTML elements: kind, reason and the beginning of their text."""

from collections.abc import Iterator
from itertools import islice

from bs4 import Tag
from bs4.element import Comment, Doctype, NavigableString, PageElement, Script, Stylesheet

from narrated.reading.document import Unspoken

_SHOWN = 200
_MOST_STRINGS = 200
_PROGRAMS = (Script, Stylesheet)
_INSTRUCTIONS = (Doctype, *_PROGRAMS, Comment)


def skipped_element(tag: Tag, reason: str) -> Unspoken:
    """List an element by its text; else by its comments, source, title or target."""
    hidden = (Doctype,) if tag.name in ("script", "style") else _INSTRUCTIONS
    text = _words(tag, hidden) or _words(tag, (Doctype, *_PROGRAMS)) or _attribute(tag)
    return Unspoken(tag.name, reason, text)


def skipped_instruction(node: PageElement) -> Unspoken:
    """List a comment, or a processing instruction."""
    text = " ".join(str(node).split())[:_SHOWN]
    if isinstance(node, Comment):
        return Unspoken("comment", "a comment", text)
    return Unspoken("markup", "an instruction to programs", text)


def beginning(texts: Iterator[str]) -> str:
    """Join texts, up to the length that a listing shows."""
    return " ".join(" ".join(islice(texts, _MOST_STRINGS)).split())[:_SHOWN]


def _words(tag: Tag, hidden: tuple[type[PageElement], ...]) -> str:
    strings = (node for node in tag.descendants if isinstance(node, NavigableString))
    return beginning(text for text in strings if text.strip() and not isinstance(text, hidden))


def _attribute(tag: Tag) -> str:
    places = (tag.get(key) for key in ("src", "title", "href"))
    return next((place for place in places if isinstance(place, str) and place), "")[:_SHOWN]
