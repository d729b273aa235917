"""The language of each element of a page, by the `lang` of it or of an element around it."""

from collections.abc import Mapping

from bs4 import BeautifulSoup, Tag
from bs4.element import PageElement

from narrated.reading.language_tags import language_tag

_CODE = frozenset({"pre", "code", "kbd", "samp", "tt", "var"})
"""Some highlighters name a programming language in their `lang`."""
_LONGEST_TAG = 35
"""As BCP 47 advises; a longer attribute names no language."""


class ElementLanguages:
    """Languages by element; an empty one is the post's."""

    def __init__(self, by_id: Mapping[int, str]) -> None:
        self._by_id = by_id

    def of(self, tag: Tag) -> str:
        """Return the language of an element's words."""
        return self._by_id.get(id(tag), "")

    def around(self, node: PageElement) -> str:
        """Return the language of the element that holds a node."""
        return self._by_id.get(id(node.parent), "") if self._by_id else ""

    def changes_at(self, tag: Tag) -> bool:
        """True if an element's language is another than that of the element around it."""
        return bool(self._by_id) and self.of(tag) != self.around(tag)


def element_languages(tree: BeautifulSoup, page_element: Tag | None = None) -> ElementLanguages:
    """Find the languages in a tree; each element is visited once.

    `page_element` is the element whose language is the post's.
    """
    by_id: dict[int, str] = {}
    for tag in tree.find_all(True):
        language = by_id.get(id(tag.parent), "")
        if tag is page_element:
            language = ""
        elif is_marked(tag):
            language = marked_language(tag)
        if language:
            by_id[id(tag)] = language
    return ElementLanguages(by_id)


def is_marked(tag: Tag) -> bool:
    """True if an element has an attribute for the language of its words."""
    return ("lang" in tag.attrs or "xml:lang" in tag.attrs) and tag.name not in _CODE


def marked_language(tag: Tag) -> str:
    """Return the language that an element's attribute names; "" for none, or for no language."""
    given = str(tag.get("lang", tag.get("xml:lang", "")))
    return (language_tag(given) or "") if len(given) <= _LONGEST_TAG else ""
