"""Reads code blocks, and their language, which pages name in a dozen ways."""

import re

from bs4 import Tag
from bs4.element import NavigableString

from narrated.reading.document import Code

_NAMED = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-|brush:\s*|sourceCode\s+)([\w+#.-]+)"
)
_NO_LANGUAGE = frozenset({"numberSource", "numberLines", "wrap", "none", "plaintext", "text"})


_LAYERS = frozenset({"code", "highlight", "codehilite", "sourceCode", "sourcecode", "source-code"})
_NO_CODE = ["pre", "p", "h1", "h2", "h3", "ul", "ol", "table", "blockquote", "img"]


def code(tag: Tag) -> Code:
    """Return the code of a <pre>, without the elements that colour it."""
    return Code(_lines(tag).strip("\n"), _language(tag))


def is_laid_out_code(tag: Tag) -> bool:
    """True if a <div> holds code without a <pre>, as some highlighters write it."""
    classes = set(tag.get_attribute_list("class"))
    return bool(classes & _LAYERS) and tag.find("span") is not None and tag.find(_NO_CODE) is None


def _lines(tag: Tag) -> str:
    """The text, with a line break for each <br> and each <div>."""
    found: list[str] = []
    for node in tag.descendants:
        if isinstance(node, Tag):
            if node.name == "br" or (node.name == "div" and found and found[-1] != "\n"):
                found.append("\n")
        elif type(node) is NavigableString:
            found.append(str(node))
    return "".join(found)


def _language(tag: Tag) -> str:
    inner = tag.find("code")
    for place in (tag, *([inner] if inner else []), *list(tag.parents)[:2]):
        said = place.get("data-lang") or (place.get("lang") if place is tag else None)
        if isinstance(said, str) and said:
            return said
        classes = " ".join(str(name) for name in place.get_attribute_list("class") if name)
        for name in _NAMED.findall(classes):
            if name not in _NO_LANGUAGE:
                return str(name)
    return ""
