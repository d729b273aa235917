"""Replaces each formula of a page by one element: KaTeX and MathJax write it up to three times."""

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from narrated.reading.html_element_names import MATH
from narrated.reading.html_skipping import classes_and_id

_HINTS = ("<math", "katex", "mathjax", "<mjx-", "math/tex", "mwe-math")
_NAMES = frozenset({"math", "mjx-container"})
_CLASSES = frozenset({"katex", "MathJax", "MathJax_Display", "MathJax_SVG", "mwe-math-element"})
_PREVIEWS = frozenset({"MathJax_Preview", "MathJax_SVG_Display", "MJXc-display"})
_TEX = re.compile(r"math/tex|math/asciimath")
_WRAPPING = re.compile(r"^%\s*<!\[CDATA\[|%\s*\]\]>$")


def unify_formulas(tree: BeautifulSoup, lower_html: str) -> None:
    """Replace every formula by one element of ours with its source notation."""
    if not any(hint in lower_html for hint in _HINTS):
        return
    for script in tree.find_all("script", type=_TEX):
        _drop_rendered(script)
        _replace(script, _WRAPPING.sub("", script.get_text().strip()))
    for tag in tree.find_all(_is_formula):
        if not tag.decomposed:
            _replace(tag, _source(tag))


def _is_formula(tag: Tag) -> bool:
    return tag.name in _NAMES or bool(classes_and_id(tag) & _CLASSES)


def _drop_rendered(script: Tag) -> None:
    before = script.previous_sibling
    while before is not None:
        if isinstance(before, Tag):
            if not classes_and_id(before) & (_CLASSES | _PREVIEWS):
                return
            _rename(before, "span")
        elif not isinstance(before, NavigableString) or before.strip():
            return
        before = before.previous_sibling


def _replace(tag: Tag, text: str) -> None:
    _rename(tag, MATH)
    tag.append(NavigableString(text))


def _rename(tag: Tag, name: str) -> None:
    # Rename it in place: to remove one of thousands of siblings, lxml searches all of them.
    tag.clear(decompose=True)
    tag.name, tag.attrs = name, {}


def _source(tag: Tag) -> str:
    if annotation := tag.find("annotation", encoding=re.compile("tex", re.I)):
        return annotation.get_text()
    math = tag if tag.name == "math" else tag.find("math")
    for holder, key in ((math, "alttext"), (tag.find("img"), "alt"), (tag, "aria-label")):
        if holder and (text := str(holder.get(key, ""))):
            return text
    for annotation in math.find_all("annotation") if math else ():
        annotation.decompose()  # a notation that cannot be read aloud
    return (math or tag).get_text(" ")
