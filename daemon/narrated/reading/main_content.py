"""Where in a page its text is: what the page calls its article, or what blogs call theirs."""

from bs4 import BeautifulSoup, Tag

from narrated.reading.boilerplate import named
from narrated.reading.html_elements import names

# The wider first: a post's own heading often stands beside its content.
_NAMES = names("""
    h-entry hentry blog-post single-post post-single post entry article
    post-content entry-content article-content blog-post-content post__content post-body entry-body
    article-body article__body blog-content e-content story-body markdown-body
    """)


def article(tree: BeautifulSoup) -> Tag | None:
    """Give the one element that holds a page's text; None where there is none or several."""
    # No selectors (`select`): their library fails on the Python of Debian 12.
    mains = tree.find_all("main"), tree.find_all(True, attrs={"role": "main"})
    for found in (tree.find_all("article"), *mains):
        if len(found) == 1:  # several articles are a page of teasers
            return found[0]
    return _named(tree)


def _named(tree: BeautifulSoup) -> Tag | None:
    found: dict[str, list[Tag]] = {name: [] for name in _NAMES}
    for tag in tree.find_all(["article", "div", "section", "td"]):
        for name in named(tag) & found.keys():
            found[name].append(tag)
    return next((tags[0] for tags in found.values() if len(tags) == 1), None)
