"""HTML becomes blocks: parsed as a browser would, its article found, its depth bounded."""

import warnings
from collections.abc import Iterable
from itertools import islice

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import elements
from narrated.reading.document import Blocks, Unspoken
from narrated.reading.flow import Flow

DEEPEST = 150
"""Elements inside one another; the readers recurse, and no honest page comes near this."""
_SHOWN = 200


def fragment(html: str, name: str) -> tuple[Blocks, ...]:
    """Read HTML that stands in a text of ours: everything in it is content."""
    tree = _tree(f"<html><body>{html}</body></html>")
    return _blocks(tree, tree.body or tree, {}, name)


def page(html: str, name: str) -> tuple[str, tuple[Blocks, ...]]:
    """Read a whole page: its <title>, and its article's blocks without menus around them."""
    tree = _tree(html)
    title = " ".join(tree.title.get_text().split()) if tree.title else ""
    article = _article(tree)
    if article is None:
        return title, _blocks(tree, tree.body or tree, elements.FURNITURE, name)
    return title, (*_blocks(tree, article, {}, name), *_surroundings(article))


def _tree(html: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # It wonders whether a short text was meant as a path or an address; it never is.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(html, "lxml")


def _article(tree: BeautifulSoup) -> Tag | None:
    # No selectors (`select`): their library fails on the Python of Debian 12.
    mains = tree.find_all("main"), tree.find_all(True, attrs={"role": "main"})
    for found in (tree.find_all("article"), *mains):
        if len(found) == 1:  # several articles are a page of teasers
            return found[0]
    return None


def _blocks(
    tree: BeautifulSoup, root: Tag, furniture: dict[str, str], name: str
) -> tuple[Blocks, ...]:
    return tuple(Flow(_holders(tree, name), furniture).blocks(root))


def _holders(tree: BeautifulSoup, name: str) -> frozenset[int]:
    """The elements that hold a block somewhere inside, by id; each is visited once."""
    holders: set[int] = set()
    for tag in tree.find_all(True):
        _bounded(tag, name)
        parent = tag.parent if tag.name in elements.BLOCKS else None
        while parent is not None and id(parent) not in holders:
            holders.add(id(parent))
            parent = parent.parent
    return frozenset(holders)


def _bounded(tag: Tag, name: str) -> None:
    depth = 0
    parent = tag.parent
    while parent is not None:
        depth += 1
        parent = parent.parent
        if depth > DEEPEST:
            problem = f"{printable(name)} nests its elements more than {DEEPEST} deep."
            raise SourceError(problem, "Flatten it.")


def _surroundings(article: Tag) -> tuple[Unspoken, ...]:
    """What is left out before the article and after it, each by its beginning."""
    before = _words(reversed(list(article.previous_elements)))
    after = _words(islice(article.next_elements, sum(1 for _ in article.descendants), None))
    places = (("before", before), ("after", after))
    return tuple(
        Unspoken("page", f"{place} the page's article", text[:_SHOWN])
        for place, text in places
        if text
    )


def _words(nodes: Iterable[PageElement]) -> str:
    """What of these nodes is text on the page: not its title, looks, programs or comments."""
    texts = (node for node in nodes if type(node) is NavigableString)
    shown = (text for text in texts if text.find_parent(["title", "noscript"]) is None)
    return " ".join(" ".join(shown).split())
