"""Reads HTML into blocks: parses it as a browser does, finds its article, bounds its depth."""

import re
import warnings
from dataclasses import dataclass
from html import escape

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import html_elements
from narrated.reading.article import after_article, before_article, find_article
from narrated.reading.document import Blocks
from narrated.reading.formulas import unify_formulas
from narrated.reading.html_blocks import BlockReader
from narrated.reading.html_skip_rules import SkipRule, skip_in_article, skip_in_page, skip_in_text
from narrated.reading.metadata import Metadata
from narrated.reading.page_metadata import page_metadata
from narrated.reading.text_decoding import without_control_references

DEEPEST = 150
"""Elements inside one another; the readers recurse, and no real page comes near this."""
_SILENT = ["meta", "link", "base", "script", "style"]
"""Elements of a page's <head> that no reader of the page sees."""
_CDATA = re.compile(r"<!\[CDATA\[(?P<text>.*?)(?:\]\]>|\Z)|<(?P<end>/?)(?:svg|math)\b", re.S | re.I)


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page after reading: its <title>, its metadata, and its article's blocks."""

    title: str
    metadata: Metadata
    blocks: tuple[Blocks, ...]


def fragment(html: str, name: str) -> tuple[Blocks, ...]:
    """Read HTML inside a text: everything in it is content."""
    tree = _tree(f"<html><body>{html}</body></html>")
    return _blocks(tree, tree, skip_in_text, name)


def page(html: str, name: str) -> HtmlPage:
    """Read a whole page, without the menus around its article."""
    tree = _tree(html)
    title = (
        " ".join(tree.title.extract().get_text().split())
        if tree.title and not tree.title.find_parent("svg")
        else ""
    )
    metadata = page_metadata(tree)
    article = find_article(tree)
    if article is None:
        return HtmlPage(title, metadata, _blocks(tree, _without_head(tree), skip_in_page, name))
    blocks = _blocks(tree, article, skip_in_article, name)
    return HtmlPage(title, metadata, (*before_article(article), *blocks, *after_article(article)))


def _tree(html: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # Beautiful Soup warns that a short text looks like a path or an address; it never is one.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        tree = BeautifulSoup(_escape_cdata(without_control_references(html)), "lxml")
    unify_formulas(tree, html)
    return tree


def _without_head(tree: BeautifulSoup) -> Tag:
    """Drop the silent elements of a page's head; keep the rest, even after </html>."""
    for tag in tree.head.find_all(_SILENT) if tree.head else ():
        tag.extract()
    if tree.head and not tree.head.get_text(strip=True):
        tree.head.extract()
    return tree


def _blocks(tree: BeautifulSoup, root: Tag, skip_rule: SkipRule, name: str) -> tuple[Blocks, ...]:
    return tuple(BlockReader(_holders(tree, name), skip_rule).blocks(root))


def _holders(tree: BeautifulSoup, name: str) -> frozenset[int]:
    """The ids of the elements that hold a block at any depth; each element is visited once."""
    holders: set[int] = set()
    for tag in tree.find_all(True):
        _check_depth(tag, name)
        parent = tag.parent if tag.name in html_elements.BLOCKS else None
        while parent is not None and id(parent) not in holders:
            holders.add(id(parent))
            parent = parent.parent
    return frozenset(holders)


def _check_depth(tag: Tag, name: str) -> None:
    depth = 0
    parent = tag.parent
    while parent is not None:
        depth += 1
        parent = parent.parent
        if depth > DEEPEST:
            problem = f"{printable(name)} nests its elements more than {DEEPEST} deep."
            raise SourceError(problem, "Flatten them.")


def _escape_cdata(html: str) -> str:
    """Escape the CDATA texts in drawings and formulas, which the HTML parser would drop.

    Elsewhere in a page a CDATA section has no meaning.
    """
    if "<![CDATA[" not in html:
        return html
    depth = 0

    def escaped(found: re.Match[str]) -> str:
        nonlocal depth
        if found["text"] is not None:
            return escape(found["text"]) if depth else found[0]
        depth = max(0, depth - 1) if found["end"] else depth + 1
        return found[0]

    return _CDATA.sub(escaped, html)
