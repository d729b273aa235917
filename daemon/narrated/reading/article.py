"""Finds the article of a page, and lists the content before and after it as skipped."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement

from narrated.reading.document import Unspoken
from narrated.reading.html_skipping import (
    PAGE_FRAME,
    UNSPOKEN,
    beginning,
    classes_and_id,
    skipped_element,
)

# The wider element first: a post's heading often lies outside of its content element.
_CLASSES = """
    h-entry hentry blog-post single-post post-single post entry article
    post-content entry-content article-content blog-post-content post__content post-body entry-body
    article-body article__body blog-content e-content story-body markdown-body
    """
_LISTED = frozenset({*UNSPOKEN, *PAGE_FRAME}) - {"head", "noscript"}


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


def skipped_around(article: Tag) -> tuple[tuple[Unspoken, ...], tuple[Unspoken, ...]]:
    """List the skipped content before a page's article, and that after it, in order."""
    parts = [article, *article.parents][:-1]  # without the document node
    before = (node for part in reversed(parts) for node in reversed(list(part.previous_siblings)))
    after = (node for part in parts for node in part.next_siblings)
    return (
        tuple(_listed(before, "before the page's article")),
        tuple(_listed(after, "after the page's article")),
    )


def _by_class(tree: BeautifulSoup) -> Tag | None:
    found: dict[str, list[Tag]] = {name: [] for name in _CLASSES.split()}
    for tag in tree.find_all(["article", "div", "section", "td"]):
        for name in classes_and_id(tag) & found.keys():
            found[name].append(tag)
    return next((tags[0] for tags in found.values() if len(tags) == 1), None)


def _listed(nodes: Iterable[PageElement], reason: str) -> Iterator[Unspoken]:
    """List each element of a known kind by itself, and the text between two of them as one."""
    for kind, group in groupby(_flat(nodes), type):
        if kind is NavigableString:
            found = [Unspoken("page", reason, beginning(map(str, group)))]
        else:
            found = [skipped_element(tag, reason) for tag in group if isinstance(tag, Tag)]
        yield from (one for one in found if one.text)


def _flat(nodes: Iterable[PageElement]) -> Iterator[Tag | NavigableString]:
    for node in nodes:
        if isinstance(node, Tag):
            yield from [node] if node.name in _LISTED else _flat(node.children)
        elif type(node) is NavigableString:
            yield node
