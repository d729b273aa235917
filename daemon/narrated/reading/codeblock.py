"""Code blocks, and the language that pages name in a dozen ways."""

import re

from bs4 import Tag

from narrated.reading.document import Code

_NAMED = re.compile(r"^(?:language|lang|highlight-source|highlight|sourceCode|brush:?)-?(.+)$")
_NO_LANGUAGE = frozenset({"numberSource", "numberLines", "wrap", "none", "plaintext", "text"})


def code(tag: Tag) -> Code:
    """Give the code of a <pre>, without the elements that colour it."""
    return Code(tag.get_text().strip("\n"), _language(tag))


def _language(tag: Tag) -> str:
    inner = tag.find("code")
    places = [tag, *([inner] if inner else []), *list(tag.parents)[:2]]
    for place in places:
        names = [str(name) for name in place.get_attribute_list("class") if name]
        for name in names:
            if (found := _NAMED.match(name)) and found[1] not in _NO_LANGUAGE:
                return found[1]
        if names[:1] == ["sourceCode"] and len(names) > 1:  # pandoc: class="sourceCode python"
            return names[1]
    return ""
