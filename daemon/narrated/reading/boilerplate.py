"""What of a page is not its text: why an element is never spoken, or that it may be."""

import re
from collections.abc import Callable

from bs4 import Tag

from narrated.reading.html_elements import FURNITURE, UNSPOKEN, names

Reason = Callable[[Tag], str]
"""Tells why an element is never spoken; nothing for one that may be."""

_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_ROLES = {
    "navigation": "navigation",
    "menu": "navigation",
    "menubar": "navigation",
    "search": "a search form",
    "banner": "the page's head, not its text",
    "contentinfo": "the page's foot, not its text",
}
_MENUS = frozenset(
    names("""
    nav navbar navigation nav-menu nav-links main-nav site-nav main-navigation site-navigation
    post-navigation menu main-menu site-menu sidebar widget-area breadcrumb breadcrumbs pagination
    pager paginator site-header site-footer share-buttons social-share sharedaddy addtoany_content
    related-posts cookie-banner cookie-notice
    """)
)
_TEXT_IN_A_FORM = ["h1", "h2", "article", "main", "blockquote", "pre"]
_SKIPS = frozenset({"skip-link", "skip-links", "skip-to-content", "skip-nav", "skiplink"})
_HOLDERS = frozenset({"div", "ul", "ol", "section", "header", "footer", "aside", "p", "table"})


def in_text(tag: Tag) -> str:
    """Judge an element in a text, where all that is shown is content."""
    if tag.name == "form" and tag.find(_TEXT_IN_A_FORM) is not None:
        return ""  # some pages are one form from end to end
    if reason := UNSPOKEN.get(tag.name, ""):
        return reason
    hidden = tag.has_attr("hidden") or _UNSEEN.search(str(tag.get("style", "")))
    return "hidden on the page too" if hidden else ""


def in_article(tag: Tag) -> str:
    """Judge an element in a page's article, which may hold menus."""
    return in_text(tag) or _menu(tag)


def in_page(tag: Tag) -> str:
    """Judge an element in a page that does not say where its article is."""
    return in_article(tag) or FURNITURE.get(tag.name, "")


def named(tag: Tag) -> frozenset[str]:
    """Give the classes and the id of an element."""
    given = [*tag.get_attribute_list("class"), tag.get("id")]
    return frozenset(str(name) for name in given if name)


def _menu(tag: Tag) -> str:
    if reason := _ROLES.get(str(tag.get("role", "")), ""):
        return reason
    given = named(tag)
    if given & _SKIPS:
        return "a link past the menu"
    # `menu` on a word is a way to write it, and a page's frame may be called after its sidebar.
    if tag.name in _HOLDERS and given & _MENUS and tag.find(["h1", "main", "article"]) is None:
        return "navigation"
    return ""
