"""HTML becomes blocks: parsed as a browser would, its article found, its depth bounded."""

import warnings
from dataclasses import dataclass

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import html_elements
from narrated.reading.boilerplate import Reason, in_article, in_page, in_text
from narrated.reading.cdata import opened
from narrated.reading.document import Blocks, FrontMatter
from narrated.reading.formulas import settle
from narrated.reading.html_blocks import BlockReader
from narrated.reading.main_content import article
from narrated.reading.outside_article import after, before
from narrated.reading.page_metadata import about
from narrated.reading.text_decoding import spelled

DEEPEST = 150
"""Elements inside one another; the readers recurse, and no honest page comes near this."""
_SILENT = ["meta", "link", "base", "script", "style"]
"""What a page's <head> holds, and no reader of the page sees."""


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page, read: its <title>, what it says of itself, and its article's blocks."""

    title: str
    front: FrontMatter
    blocks: tuple[Blocks, ...]


def fragment(html: str, name: str) -> tuple[Blocks, ...]:
    """Read HTML that stands in a text of ours: everything in it is content."""
    tree = _tree(f"<html><body>{html}</body></html>")
    return _blocks(tree, tree, in_text, name)


def page(html: str, name: str) -> HtmlPage:
    """Read a whole page, without the menus around its article."""
    tree = _tree(html)
    title = (
        " ".join(tree.title.extract().get_text().split())
        if tree.title and not tree.title.find_parent("svg")
        else ""
    )
    front = about(tree)
    found = article(tree)
    if found is None:
        return HtmlPage(title, front, _blocks(tree, _without_head(tree), in_page, name))
    blocks = _blocks(tree, found, in_article, name)
    return HtmlPage(title, front, (*before(found), *blocks, *after(found)))


def _tree(html: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # It wonders whether a short text was meant as a path or an address; it never is.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        tree = BeautifulSoup(opened(spelled(html)), "lxml")
    settle(tree, html)
    return tree


def _without_head(tree: BeautifulSoup) -> Tag:
    """Give all of a page, since careless ones go on after their end, but what says nothing."""
    for tag in tree.head.find_all(_SILENT) if tree.head else ():
        tag.extract()
    if tree.head and not tree.head.get_text(strip=True):
        tree.head.extract()
    return tree


def _blocks(tree: BeautifulSoup, root: Tag, reason: Reason, name: str) -> tuple[Blocks, ...]:
    return tuple(BlockReader(_holders(tree, name), reason).blocks(root))


def _holders(tree: BeautifulSoup, name: str) -> frozenset[int]:
    """The elements that hold a block somewhere inside, by id; each is visited once."""
    holders: set[int] = set()
    for tag in tree.find_all(True):
        _bounded(tag, name)
        parent = tag.parent if tag.name in html_elements.BLOCKS else None
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
