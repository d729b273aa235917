"""Rules that skip HTML elements (menus, forms, scripts, hidden text), each with a reason."""

import re
from collections.abc import Callable

from bs4 import Tag

from narrated.reading.html_elements import PAGE_FRAME, UNSPOKEN, names

SkipRule = Callable[[Tag], str]
"""Returns the reason to skip an element; "" for an element to read."""

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


def skip_in_text(tag: Tag) -> str:
    """Return the reason to skip an element of a text, where everything visible is content."""
    if tag.name == "form" and tag.find(_TEXT_IN_A_FORM) is not None:
        return ""  # some pages are one form from end to end
    if reason := UNSPOKEN.get(tag.name, ""):
        return reason
    hidden = tag.has_attr("hidden") or _UNSEEN.search(str(tag.get("style", "")))
    return "hidden on the page too" if hidden else ""


def skip_in_article(tag: Tag) -> str:
    """Return the reason to skip an element of a page's article, which may hold menus."""
    return skip_in_text(tag) or _menu(tag)


def skip_in_page(tag: Tag) -> str:
    """Return the reason to skip an element of a page without a marked article."""
    return skip_in_article(tag) or PAGE_FRAME.get(tag.name, "")


def classes_and_id(tag: Tag) -> frozenset[str]:
    """Return the classes and the id of an element."""
    given = [*tag.get_attribute_list("class"), tag.get("id")]
    return frozenset(str(name) for name in given if name)


def _menu(tag: Tag) -> str:
    if reason := _ROLES.get(str(tag.get("role", "")), ""):
        return reason
    given = classes_and_id(tag)
    if given & _SKIPS:
        return "a link past the menu"
    # `menu` on a word only styles it, and a page's frame may be named after its sidebar.
    if tag.name in _HOLDERS and given & _MENUS and tag.find(["h1", "main", "article"]) is None:
        return "navigation"
    return ""
