"""Formulas of a page, each once: KaTeX and MathJax write one up to three times."""

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from narrated.reading.boilerplate import named
from narrated.reading.html_elements import MATH

_HINT = re.compile(r"<math|katex|mathjax|<mjx-|math/tex|mwe-math", re.I)
_NAMES = frozenset({"math", "mjx-container"})
_CLASSES = frozenset({"katex", "MathJax", "MathJax_Display", "MathJax_SVG", "mwe-math-element"})
_PREVIEWS = frozenset({"MathJax_Preview", "MathJax_SVG_Display", "MJXc-display"})
_TEX = re.compile(r"math/tex|math/asciimath")
_WRAPPING = re.compile(r"^%\s*<!\[CDATA\[|%\s*\]\]>$")


def settle(tree: BeautifulSoup, html: str) -> None:
    """Put in the place of every formula one element of ours that holds its source notation."""
    if not _HINT.search(html):
        return
    for script in tree.find_all("script", type=_TEX):
        _drop_rendered(script)
        _become(script, _WRAPPING.sub("", script.get_text().strip()))
    for tag in tree.find_all(_is_formula):
        if not tag.decomposed:
            _become(tag, _source(tag))


def _is_formula(tag: Tag) -> bool:
    return tag.name in _NAMES or bool(named(tag) & _CLASSES)


def _drop_rendered(script: Tag) -> None:
    """Empty what MathJax wrote before the source that it leaves in the page."""
    before = script.previous_sibling
    while before is not None:
        if isinstance(before, Tag):
            if not named(before) & (_CLASSES | _PREVIEWS):
                return
            _rename(before, "span")
        elif not isinstance(before, NavigableString) or before.strip():
            return
        before = before.previous_sibling


def _become(tag: Tag, text: str) -> None:
    _rename(tag, MATH)
    tag.append(NavigableString(text))


def _rename(tag: Tag, name: str) -> None:
    # In its place: to take one out of thousands is to look through all of them.
    tag.clear(decompose=True)
    tag.name, tag.attrs = name, {}


def _source(tag: Tag) -> str:
    if noted := tag.find("annotation", encoding=re.compile("tex", re.I)):
        return noted.get_text()
    math = tag if tag.name == "math" else tag.find("math")
    for holder, key in ((math, "alttext"), (tag.find("img"), "alt"), (tag, "aria-label")):
        if holder and (text := str(holder.get(key, ""))):
            return text
    for noted in math.find_all("annotation") if math else ():
        noted.decompose()  # in a notation that is no text to read
    return (math or tag).get_text(" ")
