"""Finds the article of a page, and lists the content before and after it as skipped."""

from collections.abc import Iterable, Iterator

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement

from narrated.reading import html_elements
from narrated.reading.document import Unspoken
from narrated.reading.html_skip_rules import classes_and_id
from narrated.reading.skipped_listing import beginning, skipped_element

# The wider element first: a post's heading often lies outside of its content element.
_NAMES = html_elements.names("""
    h-entry hentry blog-post single-post post-single post entry article
    post-content entry-content article-content blog-post-content post__content post-body entry-body
    article-body article__body blog-content e-content story-body markdown-body
    """)

_LISTED = frozenset({*html_elements.UNSPOKEN, *html_elements.PAGE_FRAME}) - {"head", "noscript"}


def find_article(tree: BeautifulSoup) -> Tag | None:
    """Return the one element that holds a page's text; None if there is none or several.

    It is the page's <article> or <main>, or an element with a class name that blogs use.
    """
    # No `select`: its library fails on the Python of Debian 12.
    mains = tree.find_all("main"), tree.find_all(True, attrs={"role": "main"})
    for found in (tree.find_all("article"), *mains):
        if len(found) == 1:  # a page with several articles is a list of teasers
            return found[0]
    return _by_class(tree)


def _by_class(tree: BeautifulSoup) -> Tag | None:
    found: dict[str, list[Tag]] = {name: [] for name in _NAMES}
    for tag in tree.find_all(["article", "div", "section", "td"]):
        for name in classes_and_id(tag) & found.keys():
            found[name].append(tag)
    return next((tags[0] for tags in found.values() if len(tags) == 1), None)


def before_article(article: Tag) -> tuple[Unspoken, ...]:
    """List the skipped content before a page's article, in order."""
    parents = reversed(_with_parents(article))
    nodes = (node for part in parents for node in reversed(list(part.previous_siblings)))
    return tuple(_listed(nodes, "before the page's article"))


def after_article(article: Tag) -> tuple[Unspoken, ...]:
    """List the skipped content after a page's article, in order."""
    nodes = (node for part in _with_parents(article) for node in part.next_siblings)
    return tuple(_listed(nodes, "after the page's article"))


def _with_parents(article: Tag) -> list[Tag]:
    """The article and its parents, without the document node."""
    return [article, *article.parents][:-1]


def _listed(nodes: Iterable[PageElement], reason: str) -> Iterator[Unspoken]:
    """List each element of a known kind by itself, and the text between two of them as one."""
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
    """Descend to elements of a known kind, and to text."""
    for node in nodes:
        if isinstance(node, Tag):
            if node.name in _LISTED:
                yield node
            else:
                yield from _flat(node.children)
        elif type(node) is NavigableString:
            yield node


def _element(tag: Tag, reason: str) -> Iterator[Unspoken]:
    if (found := skipped_element(tag, reason)).text:
        yield found


def _text(parts: list[str], reason: str) -> Iterator[Unspoken]:
    if words := beginning(iter(parts)):
        yield Unspoken("page", reason, words)
