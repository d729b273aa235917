"""Hugo: shortcodes (`{{< figure >}}`, `{{% notice %}}`), of Hugo itself and of common themes."""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import Arguments, parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning
from narrated.reading.html_element_names import names

_KIND = "shortcode"
_ESCAPED = (
    r"\{\{<\s{0,9}/\*(?:(?!\*/).)*\*/\s{0,9}>\}\}|\{\{%\s{0,9}/\*(?:(?!\*/).)*\*/\s{0,9}%\}\}"
)
_ANGLE = r"\{\{<(?:(?!\{\{<|>\}\}).)*>\}\}"
_PERCENT = r"\{\{%(?:(?!\{\{%|%\}\}).)*%\}\}"
_TAG = re.compile(r"\s*(/?)\s*([\w./-]+)?(.*?)(/?)\s*\Z", re.S)
_COMMENT = re.compile(r"\s*/\*(.*)\*/\s*\Z", re.S)
_NAMED_ADMONITIONS = names("""
    note tip info warning danger caution important success error question hint example quote
    abstract bug failure attention seealso todo
    """)
_ADMONITIONS = names("notice admonition callout alert notification message box")
_QUOTES = names("blockquote epigraph pullquote")
_DETAILS = names("details expand collapse spoiler accordion accordion-item tab")
_PICTURES = names("figure img image picture imgproc fig photo")
_CODE = names("highlight code codeblock")
_SOURCES = names("""
    mermaid chart gravizo graphviz plantuml goat comment rawhtml raw-html html script style gallery
    """)
_FORMULAS = names("math katex mathjax")
_REFERENCES = names("ref relref absurl relurl")


def extend(parser: MarkdownIt) -> None:
    """Read shortcodes as what they mean."""
    add_markup(
        parser,
        Markup("{{<", _ESCAPED, _escaped),
        Markup("{{<", _ANGLE, _shortcode),
        Markup("{{%", _PERCENT, _shortcode),
    )


def _escaped(raw: str) -> Meaning:
    """A shortcode that the author shows: `{{</* figure */>}}`."""
    found = _COMMENT.match(raw[3:-3])
    shown = f"{raw[:3]}{found[1] if found else ''}{raw[-3:]}"
    return Meaning((make.code_span(shown),))


def _shortcode(raw: str) -> Meaning:
    found = _TAG.match(raw[3:-3])
    assert found is not None  # it matches any text
    name = (found[2] or "").lower().removesuffix(".html").rsplit("/", 1)[-1]
    silent = (make.unspoken(_KIND, raw, "a shortcode of the site"),)
    if found[1]:
        return Meaning(silent, closes=name)
    arguments = parse_arguments(found[3])
    for readable, read in _READERS:
        if name in readable:
            return read(name, arguments, silent)
    return Meaning(silent)


Reader = Callable[[str, Arguments, make.Tokens], Meaning]


def _picture(_name: str, given: Arguments, silent: make.Tokens) -> Meaning:
    source = given.get("src", "source", "url", "link", "image", place=0)
    if not source:
        return Meaning(silent)
    title, caption = given.get("title"), given.get("caption", "attr")
    shown = make.picture(source, given.get("alt", place=1), title or caption)
    after = make.paragraph(caption) if caption and title else ()
    return Meaning((shown,), (*make.paragraph("", (shown,)), *after), target=source)


def _admonition(name: str, given: Arguments, silent: make.Tokens) -> Meaning:
    kind, title = name, given.get("title", "heading", "header")
    if name in _ADMONITIONS:
        kind = given.get("type", "kind", "level", "style", "color", "icon", place=0) or "note"
        title = title or given.get(place=1)
    return Meaning(
        silent,
        opens=name,
        opening=make.admonition_open(kind, title),
        closing=(make.admonition_close(),),
    )


def _quote(name: str, given: Arguments, silent: make.Tokens) -> Meaning:
    author = given.get("author", "cite", "source")
    after = make.paragraph(author) if author else ()
    return Meaning(
        silent, opens=name, opening=(make.quote_open(),), closing=(*after, make.quote_close())
    )


def _details(name: str, given: Arguments, silent: make.Tokens) -> Meaning:
    title = given.get("summary", "title", "name", "header", "label", place=0)
    opening = make.paragraph(title) if title else make.paragraph("", silent)
    return Meaning(silent, opening, opens=name, opening=opening)


def _code(name: str, given: Arguments, silent: make.Tokens) -> Meaning:
    language = given.get("language", "lang", place=0)

    def read(text: str) -> Meaning:
        block = make.code_block(text.strip("\n") + "\n", language)
        return Meaning((make.code_span(text.strip()),), (block,))

    return Meaning(silent, until=_end_of(name), verbatim=read)


def _source(name: str, _given: Arguments, silent: make.Tokens) -> Meaning:
    def read(text: str) -> Meaning:
        return Meaning((*silent, make.unspoken(name, text, "not text, but its source")))

    return Meaning(silent, until=_end_of(name), verbatim=read)


def _formula(name: str, _given: Arguments, silent: make.Tokens) -> Meaning:
    return Meaning(
        silent, until=_end_of(name), verbatim=lambda text: Meaning((make.formula(text),))
    )


def _reference(_name: str, given: Arguments, silent: make.Tokens) -> Meaning:
    return Meaning(silent, target=given.get("path", place=0))


def _end_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"\{{\{{[<%]\s{{0,9}}/\s{{0,9}}{re.escape(name)}\s{{0,9}}[>%]\}}\}}", re.I)


_READERS: tuple[tuple[frozenset[str], Reader], ...] = (
    (_PICTURES, _picture),
    (_ADMONITIONS | _NAMED_ADMONITIONS, _admonition),
    (_QUOTES, _quote),
    (_DETAILS, _details),
    (_CODE, _code),
    (_SOURCES, _source),
    (_FORMULAS, _formula),
    (_REFERENCES, _reference),
)
