"""HTML becomes blocks: parsed as a browser would, its article found, its depth bounded."""

import warnings

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import elements
from narrated.reading.document import Blocks, Unspoken
from narrated.reading.flow import Flow

DEEPEST = 150
"""Elements inside one another; the readers recurse, and no honest page comes near this."""


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
    return title, (*_blocks(tree, article, {}, name), *_surroundings(tree, article))


def _tree(html: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # It wonders whether a short text was meant as a path or an address; it never is.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(html, "lxml")


def _article(tree: BeautifulSoup) -> Tag | None:
    for found in (tree.find_all("article"), tree.find_all(["main"]), tree.select("[role=main]")):
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


def _surroundings(tree: BeautifulSoup, article: Tag) -> tuple[Unspoken, ...]:
    inside = article.get_text(" ").split()
    whole = tree.body.get_text(" ").split() if tree.body else []
    if len(whole) <= len(inside):
        return ()
    outside = " ".join(text for text in _before(article))
    return (Unspoken("page", "outside the page's article", outside[:200]),)


def _before(article: Tag) -> list[str]:
    texts = [str(text) for text in article.find_all_previous(string=True, limit=40)]
    return [" ".join(text.split()) for text in reversed(texts) if text.strip()]
