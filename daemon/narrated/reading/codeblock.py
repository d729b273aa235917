"""Code blocks, and the language that pages name in a dozen ways."""

import re

from bs4 import Tag
from bs4.element import NavigableString

from narrated.reading.document import Code

_NAMED = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-|brush:\s*|sourceCode\s+)([\w+#.-]+)"
)
_NO_LANGUAGE = frozenset({"numberSource", "numberLines", "wrap", "none", "plaintext", "text"})


def code(tag: Tag) -> Code:
    """Give the code of a <pre>, without the elements that colour it."""
    return Code(_lines(tag).strip("\n"), _language(tag))


def _lines(tag: Tag) -> str:
    return "".join(
        "\n" if isinstance(node, Tag) else str(node)
        for node in tag.descendants
        if (node.name == "br" if isinstance(node, Tag) else type(node) is NavigableString)
    )


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
