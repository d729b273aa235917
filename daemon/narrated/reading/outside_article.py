"""What stands around a page's article: menus, heads, feet, programs, each listed by itself."""

from collections.abc import Iterable, Iterator

from bs4 import Tag
from bs4.element import NavigableString, PageElement

from narrated.reading import html_elements
from narrated.reading.document import Unspoken
from narrated.reading.skipped import beginning, listed

_LISTED = frozenset({*html_elements.UNSPOKEN, *html_elements.FURNITURE}) - {"head", "noscript"}


def before(article: Tag) -> tuple[Unspoken, ...]:
    """List what a page holds before its article, in order."""
    around = reversed(_around(article))
    nodes = (node for part in around for node in reversed(list(part.previous_siblings)))
    return tuple(_listed(nodes, "before the page's article"))


def after(article: Tag) -> tuple[Unspoken, ...]:
    """List what a page holds after its article, in order."""
    nodes = (node for part in _around(article) for node in part.next_siblings)
    return tuple(_listed(nodes, "after the page's article"))


def _around(article: Tag) -> list[Tag]:
    """The article and the elements that hold it, but for the page as such."""
    return [article, *article.parents][:-1]


def _listed(nodes: Iterable[PageElement], reason: str) -> Iterator[Unspoken]:
    """Each element of a known kind by itself, the text between these together."""
    loose: list[str] = []
    for node in _flat(nodes):
        if isinstance(node, Tag):
            yield from _text(loose, reason)
            loose.clear()
            yield from _element(node, reason)
        else:
            loose.append(str(node))
    yield from _text(loose, reason)


def _flat(nodes: Iterable[PageElement]) -> Iterator[Tag | NavigableString]:
    """Go into elements up to those of a known kind, and to the text on the page."""
    for node in nodes:
        if isinstance(node, Tag):
            if node.name in _LISTED:
                yield node
            else:
                yield from _flat(node.children)
        elif type(node) is NavigableString:
            yield node


def _element(tag: Tag, reason: str) -> Iterator[Unspoken]:
    if (found := listed(tag, reason)).text:
        yield found


def _text(parts: list[str], reason: str) -> Iterator[Unspoken]:
    if words := beginning(iter(parts)):
        yield Unspoken("page", reason, words)
