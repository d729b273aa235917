"""Reads HTML into blocks: parses it as a browser does, finds its article, bounds its depth."""

import re
import warnings
from html import escape
from typing import NamedTuple

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.article import find_article, skipped_around
from narrated.reading.block_lines import BlockLines
from narrated.reading.document import Blocks
from narrated.reading.element_languages import (
    ElementLanguages,
    element_languages,
    is_marked,
    marked_language,
)
from narrated.reading.embedded_metadata import embedded_metadata, own_title
from narrated.reading.footnote_unification import unify_footnotes
from narrated.reading.formula_unification import unify_formulas
from narrated.reading.html_blocks import BlockReader
from narrated.reading.html_element_names import BLOCKS
from narrated.reading.html_skipping import SkipRule, skip_in_article, skip_in_page, skip_in_text
from narrated.reading.html_tree import tree_of
from narrated.reading.metadata_values import tags_value
from narrated.reading.narration_settings import NarrationSettings, without_time
from narrated.reading.text_decoding import without_control_references

DEEPEST = 150
"""Elements inside one another; the readers recurse, and no real page comes near this."""
_SILENT = ["meta", "link", "base", "script", "style"]
"""Elements of a page's <head> that no reader of the page sees."""
_CDATA = re.compile(r"<!\[CDATA\[(?P<text>.*?)(?:\]\]>|\Z)|<(?P<end>/?)(?:svg|math)\b", re.S | re.I)
_DIALECT = re.compile(r"\{[{%#]|<%|\$\$|\[[\^/a-z]|:[a-z][a-z0-9_+-]+:")
_LANGUAGE = re.compile(r"lang(?<=\blang)\s*=")
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author")
_DATES = (
    "article:published_time",
    "date",
    "datepublished",
    "dc.date",
    "dcterms.created",
    "citation_date",
)
_DESCRIPTIONS = ("description", "og:description", "twitter:description", "dc.description")
_TAGS = ("keywords", "tags", "article:tag", "news_keywords")
_LONGEST_VALUE = 200
_LONGEST_DESCRIPTION = 2000


class HtmlPage(NamedTuple):
    """A page after reading: its <title>, its metadata, and its article's blocks."""

    title: str
    metadata: NarrationSettings
    blocks: tuple[Blocks, ...]


def fragment(html: str, name: str, places: BlockLines | None = None) -> tuple[Blocks, ...]:
    """Read HTML inside a text: everything in it is content; `places` gets the blocks' lines."""
    lower = html.lower()
    tree = _tree(f"<html><body>{html}</body></html>", lower)
    languages = _languages(tree, lower)
    return _blocks(tree, tree, skip_in_text, name, languages, places)


def page(
    html: str,
    name: str,
    dialects_off: frozenset[str] = frozenset(),
    places: BlockLines | None = None,
) -> HtmlPage:
    """Read a whole page, without the menus around its article; `places` gets the blocks' lines."""
    if _DIALECT.search(html):
        from narrated.reading.html_dialects import with_dialects  # late: it needs the parser

        html = with_dialects(html, dialects_off, places)
    lower = html.lower()
    tree = _tree(html, lower)
    own = tree.title if tree.title and not tree.title.find_parent("svg") else None
    title = " ".join(own.extract().get_text().split()) if own else ""
    article = find_article(tree)
    main = next((tag for tag in (tree.html, tree.body, article) if tag and is_marked(tag)), None)
    metadata = _metadata(tree, marked_language(main) if main else "")
    languages = _languages(tree, lower, main)
    title = own_title(title, _meta_values(tree))
    if article is None:
        root = _without_head(tree)
        return HtmlPage(title, metadata, _blocks(tree, root, skip_in_page, name, languages, places))
    blocks = _blocks(tree, article, skip_in_article, name, languages, places)
    before, after = skipped_around(article)
    return HtmlPage(title, metadata, (*before, *blocks, *after))


def _tree(html: str, lower: str) -> BeautifulSoup:
    """Parse a page; `lower` is it in lower case, in which a word is found far more quickly."""
    with warnings.catch_warnings():
        # Beautiful Soup warns that a short text looks like a path or an address; it never is one.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        tree = tree_of(_escape_cdata(without_control_references(html)))
    unify_formulas(tree, lower)
    unify_footnotes(tree, lower)
    return tree


def _languages(tree: BeautifulSoup, lower: str, main: Tag | None = None) -> ElementLanguages:
    return element_languages(tree, main) if _LANGUAGE.search(lower) else ElementLanguages({})


def _without_head(tree: BeautifulSoup) -> Tag:
    """Drop the silent elements of a page's head; keep the rest, even after </html>."""
    for tag in tree.head.find_all(_SILENT) if tree.head else ():
        tag.extract()
    if tree.head and not tree.head.get_text(strip=True):
        tree.head.extract()
    return tree


def _metadata(tree: BeautifulSoup, language: str) -> NarrationSettings:
    values = _meta_values(tree)
    described = embedded_metadata(tree)
    date = next(filter(None, (*map(values.get, _DATES), described.date)), None)
    return NarrationSettings(
        language=language or None,
        author=next(filter(None, (*map(values.get, _AUTHORS), described.author)), None),
        date=without_time(date) if date else None,
        description=next(filter(None, map(values.get, _DESCRIPTIONS)), None),
        tags=tags_value(next(filter(None, map(values.get, _TAGS)), "")),
    )


def _meta_values(tree: BeautifulSoup) -> dict[str, str]:
    """The first value of each name in the page's <meta> elements."""
    values: dict[str, str] = {}
    for tag in tree.find_all("meta"):
        text = " ".join(str(tag.get("content", "")).split())
        for key in ("name", "property", "itemprop"):
            name = str(tag.get(key, "")).lower()
            # Some pages give an address as the author; an address names nobody.
            is_fit = len(text) <= _LONGEST_VALUE and "://" not in text
            if text and (is_fit or (name in _DESCRIPTIONS and len(text) <= _LONGEST_DESCRIPTION)):
                values.setdefault(name, text)
    return values


def _blocks(
    tree: BeautifulSoup,
    root: Tag,
    skip_rule: SkipRule,
    name: str,
    languages: ElementLanguages,
    places: BlockLines | None,
) -> tuple[Blocks, ...]:
    holders = _holders(tree, name)
    return tuple(BlockReader(holders, skip_rule, languages, places or BlockLines()).blocks(root))


def _holders(tree: BeautifulSoup, name: str) -> frozenset[int]:
    """The ids of the elements that hold a block at any depth; each element is visited once."""
    holders: set[int] = set()
    depths = {id(tree): 0}
    for tag in tree.descendants:
        if not isinstance(tag, Tag):
            continue
        depths[id(tag)] = depths[id(tag.parent)] + 1
        if depths[id(tag)] > DEEPEST:
            problem = f"{printable(name)} nests its elements more than {DEEPEST} deep."
            raise SourceError(problem, "Flatten them.")
        for parent in tag.parents if tag.name in BLOCKS else ():
            if id(parent) in holders:
                break
            holders.add(id(parent))
    return frozenset(holders)


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
