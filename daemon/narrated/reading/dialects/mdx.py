"""MDX, of Docusaurus, Astro, Nextra: components, imports, exports, comments and expressions."""

import re

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning
from narrated.reading.dialects.template_meanings import Tag, meaning_of
from narrated.reading.html_element_names import names

_IMPORT = (
    r"(?<![^\n])import[ \t]+(?:(?:type[ \t]+)?(?:[\w$]+|\*[ \t]+as[ \t]+[\w$]+|\{[^{}]*\})"
    r"(?:[ \t]*,[ \t]*\{[^{}]*\})?\s+from[ \t]+)?(?:'[^'\n]+'|\"[^\"\n]+\")[ \t]*;?[ \t]*(?![^\n])"
)
_EXPORT = (
    r"(?<![^\n])export[ \t]+(?:(?:const|let|var)[ \t]+[\w${}\[\], ]+=|(?:async[ \t]+)?"
    r"function\b[^\n(]*\("
    r"|default[ \t]+(?:function|class|async|\(|\{|[\w.]+;?[ \t]*(?![^\n]))|\{|\*[ \t]+from\b)[^\n]*"
)
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})"
_TAG = (
    rf"(?<!\w)<[A-Z][\w.]*(?:\s+(?:[\w:-]+(?:={_VALUE})?|\{{[^{{}}]*\}}))*\s*/?>"
    r"|</[A-Z][\w.]*\s*>|<>|</>"
)
_COMMENT = r"\{/\*(?:(?!\*/|\{/\*).)*\*/\}"
_EXPRESSION = (
    r"\{\s{0,9}(?:\"[^\"\n{}]*\"|'[^'\n{}]*'|`[^`\n{}]*`"
    r"|[A-Za-z_$][\w$]*(?:\.[\w$]+|\(\))+)\s{0,9}\}"
)
_MAPPING = r"(?<![^\n])[ \t]*\{[\w.$]+\.map\((?:(?!\)\}|\n[ \t]*\n).)*\)\}"
_IS_MDX = re.compile(
    r"^(?:import[ \t][^\n]*['\"]|export[ \t])|(?<!\w)</?[A-Z][\w.]*[\s/>]|\{/\*", re.M
)
_PARTS = re.compile(r"<(?P<end>/?)(?P<name>[\w.]*)(?P<arguments>.*?)(?P<whole>/?)>\Z", re.S)
_END_OF_EXPORT = re.compile(r"^[ \t]*[)}\]]+[ \t]*;?[ \t]*$", re.M)
_KIND = "code of the page"
_REASON = "what a page runs, not what it says"
_READ = names("""
    note tip info warning danger caution important admonition callout alert aside notice
    details accordion accordionitem collapsible expandable tab tabitem card linkcard step quote
    blockquote image img figure picture
    """)
_LIKE = {
    "accordionitem": "accordion",
    "aside": "admonition",
    "collapsible": "details",
    "expandable": "details",
    "tabitem": "tab",
    "card": "tab",
    "linkcard": "tab",
    "step": "tab",
}
_TITLES = ("label", "title", "summary", "header", "name", "alt", "caption", "type", "src", "text")


def extend(parser: MarkdownIt) -> None:
    """Read the text in components; all else that a page runs is silent."""
    add_markup(
        parser,
        Markup("import", _IMPORT, _silent, re.compile("^import[ \\t]", re.M)),
        Markup("export", _EXPORT, _export, re.compile("^export[ \\t]", re.M)),
        Markup("{/*", _COMMENT, _comment),
        Markup("<", _TAG, _component, re.compile(r"<(?:[A-Z][\w.]*[\s/>]|/[A-Z]|/?>)")),
        Markup(".map(", _MAPPING, _silent, _IS_MDX),
        Markup("{", _EXPRESSION, _expression, _IS_MDX),
    )


def _silent(raw: str) -> Meaning:
    return Meaning((make.unspoken(_KIND, raw, _REASON),))


def _export(raw: str) -> Meaning:
    if sum(map(raw.count, "([{")) <= sum(map(raw.count, ")]}")):
        return _silent(raw)
    return Meaning(
        (make.unspoken(_KIND, raw, _REASON),),
        until=_END_OF_EXPORT,
        verbatim=lambda rest: _silent(raw + rest),
    )


def _comment(raw: str) -> Meaning:
    return Meaning((make.unspoken("comment", raw, "a comment"),))


def _expression(raw: str) -> Meaning:
    inner = raw[1:-1].strip()
    is_text = inner[:1] in "\"'`"
    return Meaning((make.words(inner[1:-1]),)) if is_text else _silent(raw)


def _component(raw: str) -> Meaning:
    found = _PARTS.match(raw)
    assert found is not None  # the pattern above has found it
    silent = (make.unspoken("component", raw, "a component of the page"),)
    name, is_whole = found["name"].lower(), bool(found["whole"])
    if found["end"]:
        return Meaning((make.words(raw),) if name else silent, paired=silent, closes=_group(name))
    given = parse_arguments(_without_braces(found["arguments"]))
    if name in _READ and (is_whole or found["arguments"].strip() or name not in _LIKE):
        given = type(given)((), {key: given.names[key] for key in _TITLES if key in given.names})
        kind = _LIKE.get(name, name)
        meaning = meaning_of(Tag(kind, given, silent, _group(name), _END_OF_EXPORT))
        return Meaning(silent, meaning.alone) if is_whole and meaning.opens else meaning
    # A lone `<T>` without an end is a sign in a sentence, not a component.
    is_certain = is_whole or bool(found["arguments"].strip()) or not name
    tokens = silent if is_certain else (make.words(raw),)
    return Meaning(tokens, paired=silent, opens="" if is_whole else _group(name))


def _group(name: str) -> str:
    return f"<{name}>"


def _without_braces(arguments: str) -> str:
    """Write `title={"a"}` as `title="a"`."""
    return re.sub(r"=\{\s*([\"'`])([^\"'`{}]*)\1\s*\}", r'="\2"', arguments)
