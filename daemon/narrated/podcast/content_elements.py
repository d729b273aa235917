"""Finds the elements in the HTML of an episode's text, as a player's parser finds them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lxml import etree

_ACTIVE_TAGS = frozenset(("script", "iframe", "frame", "object", "embed", "applet", "form"))
_ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href")
_NOT_IN_A_SCHEME = dict.fromkeys(range(0x21))
"""Signs that browsers leave out of a scheme: `java script:` with a tab in it is one."""


class ContentElement(NamedTuple):
    """An element of a text: its name and its attributes, in small letters."""

    tag: str
    attributes: Mapping[str, str]

    @property
    def is_active(self) -> bool:
        """True if it runs something, or brings in a page of somebody else."""
        return (
            self.tag in _ACTIVE_TAGS
            or any(name.startswith("on") for name in self.attributes)
            or any(_is_script(self.attributes.get(name, "")) for name in _ADDRESSES)
        )


def content_elements(markup: str) -> list[ContentElement]:
    """Return the elements of HTML, whoever wrote it; text and what is escaped is none."""
    parser = etree.HTMLParser(target=_Elements(), encoding="utf-8", huge_tree=True)
    try:
        found: list[ContentElement] = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing is in it
        return []
    return found


def picture_addresses(markup: str) -> Iterator[str]:
    """Yield the addresses of the pictures that HTML shows."""
    for tag, attributes in content_elements(markup):
        if tag == "img" and "src" in attributes:
            yield attributes["src"]


class _Elements:
    """Collects elements while lxml parses: without a tree, so their depth costs nothing."""

    def __init__(self) -> None:
        self._found: list[ContentElement] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take an element."""
        named = {name.lower(): value for name, value in attributes.items()}
        self._found.append(ContentElement(tag.lower(), named))

    def end(self, _: str) -> None:
        """Nothing is to be done: elements are taken at their start."""

    def close(self) -> list[ContentElement]:
        """Return all elements."""
        return self._found


def _is_script(address: str) -> bool:
    return address.translate(_NOT_IN_A_SCHEME).lower().startswith("javascript:")
