"""Liquid and Nunjucks, of Jekyll and Eleventy: `{% tag %}`, `{{ page.title }}`, `{# comment #}`."""

import re

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import Arguments, parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning, silent
from narrated.reading.dialects.template_meanings import Tag, meaning_of

_TAG = r"\{%[-~+]?\s{0,99}(?:#|[A-Za-z_])(?:(?!\{%|%\}|\n[ \t]*\n).)*%\}"
_OUTPUT = r"\{\{(?!\{)(?:(?!\{\{|\}\}|\n[ \t]*\n).)*\}\}"
_COMMENT = r"\{#(?:(?!\{#|#\}|\n[ \t]*\n).)*#\}"
_PARTS = re.compile(r"\{%[-~+]?\s*(?P<name>[\w-]*)(?P<arguments>.*?)[-~+]?%\}\Z", re.S)
_EXPRESSION = re.compile(
    r"""\{\{[-~]?\s*(?:"[^"]*"|'[^']*'|[#/&!>^*]?\s?[A-Za-z_$][\w.$\[\]'"-]*)"""
    r"""\s*(?:[-~]?\}\}|[|(:+?\-~ =<>&]|[A-Za-z"'$]).*\Z""",
    re.S,
)
_LITERAL = re.compile(r"""["']([^"']*)["']""")
_INCLUDES = frozenset({"include", "include_relative", "include_cached", "render"})


def extend(parser: MarkdownIt) -> None:
    """Read the tags of templates as what they mean."""
    add_markup(
        parser,
        Markup("{%", _TAG, _tag),
        Markup("{{", _OUTPUT, _output),
        Markup("{#", _COMMENT, silent("comment", "a comment")),
    )


def _tag(raw: str) -> Meaning:
    found = _PARTS.match(raw)
    assert found is not None  # the pattern above has found it
    name, silent = found["name"].lower(), (make.unspoken("template", raw, "a template's tag"),)
    if name.startswith("end") and len(name) > 3:
        return Meaning(silent, closes=name[3:])
    given = parse_arguments(found["arguments"])
    if name in _INCLUDES:
        return _include(given, silent)
    return meaning_of(Tag(name, given, silent, name, _end_of(name)))


def _include(given: Arguments, silent: make.Tokens) -> Meaning:
    """An include means what its file is named after, if all that it says is in its arguments."""
    name = given.get(place=0).rsplit("/", 1)[-1].split(".")[0].lower()
    meaning = meaning_of(Tag(name, _without_first(given), silent, "", _end_of(name)))
    is_whole = meaning.until is None and not meaning.opens and not meaning.opening
    return meaning if is_whole else Meaning(silent)


def _without_first(given: Arguments) -> Arguments:
    return Arguments(given.places[1:], given.names)


def _output(raw: str) -> Meaning | None:
    if not _EXPRESSION.match(raw) or "{" in raw[2:-2]:
        return None
    literal = _LITERAL.search(raw)
    silent = make.unspoken("template", raw, "a template's expression")
    return Meaning((silent,), target=literal[1] if literal else "")


def _end_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"\{{%[-~+]?\s{{0,99}}end{re.escape(name)}\s{{0,99}}[-~+]?%\}}", re.I)
