"""Hexo and Octopress: tags (`{% asset_img %}`, `{% codeblock %}`, `{% blockquote %}`)."""

import re

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning

_ARGUMENTS = r"\b(?:(?!\{%|%\}|\n[ \t]*\n).)*%\}"
_CODEBLOCK = r"\{%\s{0,9}(?:codeblock|code)" + _ARGUMENTS
_QUOTE = r"\{%\s{0,9}(?:blockquote|quote|pullquote)" + _ARGUMENTS
_LANGUAGE = re.compile(r"\blang:(\S+)")
_END_OF_CODE = re.compile(r"\{%\s{0,9}end(?:codeblock|code)\s{0,9}%\}")
_PARTS = re.compile(r"\{%\s*(\w+)(.*?)%\}\Z", re.S)
_OPTION = re.compile(r"\s*\b(?:https?://\S+|[a-z_]+:\S+|left|right)")


def extend(parser: MarkdownIt) -> None:
    """Read code and quotations with the arguments that only Hexo has; Liquid reads the rest."""
    add_markup(parser, Markup("{%", _CODEBLOCK, _code), Markup("{%", _QUOTE, _quote))


def _code(raw: str) -> Meaning:
    """A block of code: `{% codeblock Title lang:js %}`."""
    found = _LANGUAGE.search(raw)
    silent = (make.unspoken("template", raw, "a template's tag"),)

    def read(text: str) -> Meaning:
        block = make.code_block(text.strip("\n") + "\n", found[1] if found else "")
        return Meaning((make.code_span(text.strip()),), (block,))

    return Meaning(silent, until=_END_OF_CODE, verbatim=read)


def _quote(raw: str) -> Meaning | None:
    """A quotation with its source: `{% blockquote David Levithan, Wide Awake %}`."""
    found = _PARTS.match(raw)
    if found is None:
        return None
    source = " ".join(_OPTION.sub("", found[2]).split())
    after = make.paragraph(source) if source else ()
    silent = (make.unspoken("template", raw, "a template's tag"),)
    opening, closing = (make.quote_open(),), (*after, make.quote_close())
    return Meaning(silent, opens=found[1], opening=opening, closing=closing)
