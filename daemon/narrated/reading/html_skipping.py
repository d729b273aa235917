"""Skips HTML elements (menus, forms, scripts, hidden text), and lists each with a reason."""

import re
from collections.abc import Callable, Iterable
from itertools import islice

from bs4 import Tag
from bs4.element import Comment, Doctype, NavigableString, PageElement, Script, Stylesheet

from narrated.reading.blog_widgets import WIDGETS
from narrated.reading.document import Unspoken
from narrated.reading.html_element_names import names

SkipRule = Callable[[Tag], str]
"""Returns the reason to skip an element; "" for an element to read."""

UNSPOKEN = {
    "script": "a program of the page",
    "style": "the page's looks",
    "template": "not part of the page until a program uses it",
    "noscript": "meant for browsers without scripts",
    "form": "a form to fill in",
    "button": "a button",
    "iframe": "another page shown inside",
    "video": "a video",
    "audio": "a recording",
    "dialog": "a dialog",
    "nav": "navigation",
    "head": "about the page, not of it",
    **dict.fromkeys(("input", "select", "textarea", "datalist"), "a form's field"),
    **dict.fromkeys(("svg", "canvas"), "a drawing"),
    **dict.fromkeys(("object", "embed"), "embedded content"),
}
PAGE_FRAME = {
    "header": "the page's head, not its text",
    "footer": "the page's foot, not its text",
    "aside": "beside the text",
}
"""Elements that are skipped too in a page without a marked article."""
_ROLES = {
    **dict.fromkeys(("navigation", "menu", "menubar"), "navigation"),
    "search": "a search form",
    "banner": PAGE_FRAME["header"],
    "contentinfo": PAGE_FRAME["footer"],
}
_MENUS = names("""
    nav navbar navigation nav-menu nav-links main-nav site-nav main-navigation site-navigation
    post-navigation menu main-menu site-menu sidebar widget-area breadcrumb breadcrumbs pagination
    pager paginator site-header site-footer share-buttons social-share sharedaddy addtoany_content
    related-posts cookie-banner cookie-notice
    """)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_TEXT_IN_A_FORM = ["h1", "h2", "article", "main", "blockquote", "pre"]
_SKIPS = frozenset({"skip-link", "skip-links", "skip-to-content", "skip-nav", "skiplink"})
_HOLDERS = frozenset({"div", "ul", "ol", "section", "header", "footer", "aside", "p", "table"})

_SHOWN = 200
_MOST_STRINGS = 200
_PROGRAMS = (Doctype, Script, Stylesheet)


def skip_in_text(tag: Tag) -> str:
    """Return the reason to skip an element of a text, where everything visible is content."""
    if tag.name == "form" and tag.find(_TEXT_IN_A_FORM) is not None:
        return ""  # some pages are one form from end to end
    if reason := UNSPOKEN.get(tag.name, ""):
        return reason
    if not tag.attrs:
        return ""
    for name in tag.attrs.get("class", ()):
        if reason := WIDGETS.get(name, ""):
            return reason
    hidden = tag.has_attr("hidden") or _UNSEEN.search(str(tag.get("style", "")))
    return "hidden on the page too" if hidden else ""


def skip_in_article(tag: Tag) -> str:
    """Return the reason to skip an element of a page's article, which may hold menus."""
    return skip_in_text(tag) or _ROLES.get(str(tag.get("role", "")), "") or _menu(tag)


def skip_in_page(tag: Tag) -> str:
    """Return the reason to skip an element of a page without a marked article."""
    return skip_in_article(tag) or PAGE_FRAME.get(tag.name, "")


def classes_and_id(tag: Tag) -> frozenset[str]:
    """Return the classes and the id of an element."""
    given = [*tag.get_attribute_list("class"), tag.get("id")]
    return frozenset(str(name) for name in given if name)


def skipped_element(tag: Tag, reason: str) -> Unspoken:
    """List an element by its text; else by its comments, source, title or target."""
    hidden = (Doctype,) if tag.name in ("script", "style") else (*_PROGRAMS, Comment)
    text = _words(tag, hidden) or _words(tag, _PROGRAMS) or _attribute(tag)
    return Unspoken(tag.name, reason, text)


def skipped_markup(tag: Tag) -> Unspoken:
    """List what a dialect of Markdown left silent."""
    kind, reason = (str(tag.get(key, "")) for key in ("kind", "reason"))
    return Unspoken(kind, reason, beginning([tag.get_text()]))


def skipped_instruction(node: PageElement) -> Unspoken:
    """List a comment, or a processing instruction."""
    text = " ".join(str(node).split())[:_SHOWN]
    if isinstance(node, Comment):
        return Unspoken("comment", "a comment", text)
    return Unspoken("markup", "an instruction to programs", text)


def beginning(texts: Iterable[str]) -> str:
    """Join texts, up to the length that a listing shows."""
    return " ".join(" ".join(islice(texts, _MOST_STRINGS)).split())[:_SHOWN]


def _menu(tag: Tag) -> str:
    given = classes_and_id(tag)
    if given & _SKIPS:
        return "a link past the menu"
    # `menu` on a word only styles it, and a page's frame may be named after its sidebar.
    if tag.name in _HOLDERS and given & _MENUS and tag.find(["h1", "main", "article"]) is None:
        return "navigation"
    return ""


def _words(tag: Tag, hidden: tuple[type[PageElement], ...]) -> str:
    strings = (node for node in tag.descendants if isinstance(node, NavigableString))
    return beginning(text for text in strings if text.strip() and not isinstance(text, hidden))


def _attribute(tag: Tag) -> str:
    places = (tag.get(key) for key in ("src", "title", "href"))
    return next((place for place in places if isinstance(place, str) and place), "")[:_SHOWN]
