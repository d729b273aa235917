"""What of a page is never spoken, as it is listed: its kind, why, and how its text begins."""

from collections.abc import Iterator
from itertools import islice

from bs4 import Tag
from bs4.element import Comment, Doctype, NavigableString, PageElement, Script, Stylesheet

from narrated.reading.document import Unspoken

_SHOWN = 200
_MOST_STRINGS = 200
_PROGRAMS = (Script, Stylesheet)
_INSTRUCTIONS = (Doctype, *_PROGRAMS, Comment)


def listed(tag: Tag, reason: str) -> Unspoken:
    """List an element by its text; else by its comments, or what it shows."""
    hidden = (Doctype,) if tag.name in ("script", "style") else _INSTRUCTIONS
    text = _words(tag, hidden) or _words(tag, (Doctype, *_PROGRAMS)) or _shows(tag)
    return Unspoken(tag.name, reason, text)


def instruction(node: PageElement) -> Unspoken:
    """List a comment, or an instruction to programs."""
    text = " ".join(str(node).split())[:_SHOWN]
    if isinstance(node, Comment):
        return Unspoken("comment", "a comment", text)
    return Unspoken("markup", "an instruction to programs", text)


def beginning(texts: Iterator[str]) -> str:
    """Join texts as far as a listing shows them."""
    return " ".join(" ".join(islice(texts, _MOST_STRINGS)).split())[:_SHOWN]


def _words(tag: Tag, hidden: tuple[type[PageElement], ...]) -> str:
    strings = (node for node in tag.descendants if isinstance(node, NavigableString))
    return beginning(text for text in strings if text.strip() and not isinstance(text, hidden))


def _shows(tag: Tag) -> str:
    places = (tag.get(key) for key in ("src", "title", "href"))
    return next((place for place in places if isinstance(place, str) and place), "")[:_SHOWN]
