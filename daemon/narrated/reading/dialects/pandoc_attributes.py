"""Attributes as Pandoc writes them: `{#name .class key=value}`."""

import re
from dataclasses import dataclass

_VALUE = r"\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'|[^\s\"'{}]{1,200}"
_ITEM = rf"[#.][\w:.-]{{1,100}}|[\w:-]{{1,100}}\s{{0,3}}=\s{{0,3}}(?:{_VALUE})|-"
ATTRIBUTES = re.compile(rf"\{{:?\s{{0,9}}(?:(?:{_ITEM})[\s,]{{0,9}}){{1,40}}\}}")
NAMED = re.compile(
    rf"\{{:?\s{{0,9}}[#.](?:[\w:.-]{{1,100}})\s{{0,9}}(?:(?:{_ITEM})\s{{0,9}}){{0,40}}\}}"
)
"""Attributes that begin with a name or a class: they mark a block, too."""
LANGUAGE = re.compile(
    rf"\{{:?\s{{0,9}}(?:xml:)?lang\s{{0,3}}=\s{{0,3}}(?:{_VALUE})[\s,]{{0,9}}"
    rf"(?:(?:{_ITEM})[\s,]{{0,9}}){{0,39}}\}}"
)
"""Attributes that begin with a language: they mark a block, too."""
_PART = re.compile(
    rf"(?P<sign>[#.])(?P<name>[\w:.-]+)|(?P<key>[\w:-]+)\s*=\s*(?P<value>{_VALUE})|(?P<word>[^\s,]+)"
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """An element's name, classes (words without a sign too), and values."""

    name: str
    classes: tuple[str, ...]
    values: dict[str, str]


def parse_attributes(text: str) -> Attributes:
    """Parse attributes, with or without their braces."""
    name, classes, values = "", [], {}
    for found in _PART.finditer(text.strip().strip("{}").strip()):
        if found["sign"] == "#":
            name = found["name"]
        elif found["sign"]:
            classes.append(found["name"])
        elif found["key"]:
            values[found["key"].lower()] = found["value"].strip("\"'")
        elif found["word"]:
            classes.append(found["word"])
    return Attributes(name, tuple(classes), values)
