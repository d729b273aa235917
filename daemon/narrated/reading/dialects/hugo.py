"""Hugo: shortcodes (`{{< figure >}}`, `{{% notice %}}`), and templates (`{{ .Params.x }}`)."""

import re

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning, silent
from narrated.reading.dialects.template_meanings import Tag, meaning_of

_ESCAPED = (
    r"\{\{<\s{0,9}/\*(?:(?!\*/|\{\{).)*\*/\s{0,9}>\}\}"
    r"|\{\{%\s{0,9}/\*(?:(?!\*/|\{\{).)*\*/\s{0,9}%\}\}"
)
_ANGLE = r"\{\{<(?:(?!\{\{<|>\}\}).)*>\}\}"
_PERCENT = r"\{\{%(?:(?!\{\{%|%\}\}).)*%\}\}"
_TEMPLATE = (
    r"\{\{-?\s{0,9}(?:[.$]|/\*|(?:if|with|range|end|else|partial|template)\b)"
    r"(?:(?!\{\{|\}\}).)*\}\}"
)
_COLUMN = r"(?<![^\n])[ \t]*<--->[ \t]*(?![^\n])"
"""The mark between two columns, of the theme Book."""
_TAG = re.compile(r"\s*(?P<end>/?)\s*(?P<name>[\w./-]+)?(?P<arguments>.*)\Z", re.S)
_COMMENT = re.compile(r"\s*/\*(.*)\*/\s*\Z", re.S)


def extend(parser: MarkdownIt) -> None:
    """Read shortcodes as what they mean."""
    add_markup(
        parser,
        Markup("{{", _ESCAPED, _escaped),
        Markup("{{<", _ANGLE, _shortcode),
        Markup("{{%", _PERCENT, _shortcode),
        Markup("{{", _TEMPLATE, silent("template", "a template's expression")),
        Markup("<--->", _COLUMN, silent("column", "the looks of a part")),
    )


def _escaped(raw: str) -> Meaning:
    """A shortcode that the author shows: `{{</* figure */>}}`."""
    found = _COMMENT.match(raw[3:-3])
    shown = f"{raw[:3]}{found[1] if found else ''}{raw[-3:]}"
    return Meaning((make.code_span(shown),))


def _shortcode(raw: str) -> Meaning:
    found = _TAG.match(raw[3:-3])
    assert found is not None  # it matches any text
    name = (found["name"] or "").lower().removesuffix(".html").rsplit("/", 1)[-1]
    silent = (make.unspoken("shortcode", raw, "a shortcode of the site"),)
    if found["end"]:
        return Meaning(silent, closes=name)
    if not name:
        return Meaning(silent)
    return meaning_of(Tag(name, parse_arguments(found["arguments"]), silent, name, _end_of(name)))


def _end_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"\{{\{{[<%]\s{{0,9}}/\s{{0,9}}{re.escape(name)}\s{{0,9}}[>%]\}}\}}", re.I)
