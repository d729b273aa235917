"""Zola: shortcodes (`{{ youtube(id="x") }}`, `{% quote(author="Ada") %} … {% end %}`)."""

import re

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning
from narrated.reading.dialects.template_meanings import Tag, meaning_of

_CALL = r"\{\{-?\s{0,99}[A-Za-z_]\w{0,99}\((?:(?!\{\{|\}\}).)*\}\}"
_BODY = r"\{%-?\s{0,99}[A-Za-z_]\w{0,99}\((?:(?!\{%|%\}).)*%\}"
_ESCAPED = (
    r"\{\{/\*\s{0,9}\w{1,99}\((?:(?!\*/|\{\{).)*\*/\}\}"
    r"|\{%/\*(?:(?!\*/|\{%).)*\*/%\}"
)
_END = r"\{%-?\s{0,99}end\s{0,99}-?%\}"
_PARTS = re.compile(r"..-?\s*(?P<name>\w+)\((?P<arguments>.*)\)\s*-?..\Z", re.S)


def extend(parser: MarkdownIt) -> None:
    """Read shortcodes as what they mean."""
    add_markup(
        parser,
        Markup("/*", _ESCAPED, _escaped),
        Markup("{{", _CALL, _shortcode),
        Markup("{%", _BODY, _shortcode),
        Markup("{%", _END, _end),
    )


def _escaped(raw: str) -> Meaning:
    return Meaning((make.code_span(f"{raw[:2]}{raw[4:-4]}{raw[-2:]}"),))


def _shortcode(raw: str) -> Meaning | None:
    found = _PARTS.match(raw)
    if found is None:
        return None
    given = parse_arguments(found["arguments"])
    silent = (make.unspoken("shortcode", raw, "a shortcode of the site"),)
    tag = Tag(found["name"].lower(), given, silent, _GROUP, re.compile(_END))
    meaning = meaning_of(tag)
    if not raw.startswith("{%"):
        return Meaning(meaning.tokens, meaning.alone, target=meaning.target)
    if meaning.opens or meaning.until:
        return meaning
    return Meaning(silent, opens=_GROUP, opening=make.paragraph("", silent))


_GROUP = "a shortcode of Zola"


def _end(raw: str) -> Meaning:
    return Meaning((make.unspoken("shortcode", raw, "a shortcode's end"),), closes=_GROUP)
