"""MDX, of Docusaurus, Astro, Nextra: components, imports, exports, comments and expressions."""

import re
from html import escape

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning, silent
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
_ANY_EXPRESSION = (
    r"\{(?![#.:+=~>%{}\\]|--|[\w-]{1,40}=)"
    r"(?:\s{0,9}-?\d[\d.]{0,20}\s{0,9}"
    r"|(?=[^{}\n]{0,300}(?:[-+*/%?&|<>=!] |\w\(|=>))[^{}\n]{1,300})\}(?!`)"
)
"""Numbers, sums, choices and calls in braces, which an author of prose would hardly write."""
_LITERAL = re.compile(r"\s*-?\d+(?:\.\d+)?\s*")
_MAPPING = (
    r"(?<![^\n])[ \t]*\{\s{0,40}(?://[^\n]{0,200}\n\s{0,40})?[\w.$]+\.map\("
    r"(?:(?!\)\s{0,40}\}|\n[ \t]*\n).)*\)\s{0,40}\}"
)
_IS_MDX = re.compile(
    r"^(?:import[ \t][^\n]*['\"]|export[ \t])|(?<!\w)</?[A-Z][\w.]*[\s/>]|\{/\*", re.M
)
_CODE = re.compile(r"^[ \t>]*(```|~~~).*?(?:^[ \t>]*\1|\Z)|`[^`\n]+`", re.S | re.M)
_PARTS = re.compile(r"<(?P<end>/?)(?P<name>[\w.]*)(?P<arguments>.*?)(?P<whole>/?)>\Z", re.S)
_END_OF_EXPORT = re.compile(r"^[ \t]*[)}\]]+[ \t]*;?[ \t]*$", re.M)
_ELEMENT = (
    r"<[a-z][a-z0-9]*(?=\s[^<>]{0,400}?(?:=\{|\s[:@][\w.-]+=\"))"
    rf"(?:\s+(?:[\w:@.#-]+(?:={_VALUE})?|\{{[^{{}}]*\}}))*\s*/?>"
)
_ELEMENT_PROBE = re.compile(r"<[a-z][^<>]{0,400}?(?:=\{|\s[:@][\w.-]+=\")")
_ATTRIBUTE = re.compile(rf"\s([\w:@.#-]+)=({_VALUE})")
_QUOTED = re.compile(r"[\"'`]([^\"'`{}]*)[\"'`]")
_NAME_ALONE = re.compile(r"\s*\{\s*[\w.]+\s*\}\s*")
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
_TITLES = (
    "label",
    "title",
    "summary",
    "header",
    "name",
    "alt",
    "caption",
    "type",
    "src",
    "text",
    "description",
)


def extend(parser: MarkdownIt) -> None:
    """Read the text in components; all else that a page runs is silent."""
    add_markup(
        parser,
        Markup("import", _IMPORT, _silent, re.compile("^import[ \\t]", re.M)),
        Markup("export", _EXPORT, _export, re.compile("^export[ \\t]", re.M)),
        Markup("{/*", _COMMENT, silent("comment", "a comment")),
        Markup("<", _TAG, _component, re.compile(r"<(?:[A-Z][\w.]*[\s/>]|/[A-Z]|/?>)")),
        Markup("<", _ELEMENT, _element, _ELEMENT_PROBE),
        Markup(".map(", _MAPPING, _silent, _is_mdx),
        Markup("{", _EXPRESSION, _expression, _is_mdx),
        Markup("{", _ANY_EXPRESSION, _expression, _is_mdx),
    )


def _is_mdx(text: str) -> bool:
    """True if a text has the marks of MDX outside its code."""
    return bool(_IS_MDX.search(text) and _IS_MDX.search(_CODE.sub("", text)))


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


def _expression(raw: str) -> Meaning:
    inner = raw[1:-1].strip()
    if inner[:1] in "\"'`" and inner[-1:] == inner[:1] and inner.count(inner[0]) == 2:
        return Meaning((make.words(inner[1:-1]),))
    return Meaning((make.words(inner),)) if _LITERAL.fullmatch(inner) else _silent(raw)


def _element(raw: str) -> Meaning:
    """Write an element of HTML with the attributes of JSX or Vue as HTML."""
    given = []
    for name, value in _ATTRIBUTE.findall(raw):
        quoted = _QUOTED.search(value) if value.startswith("{") else None
        if value.startswith("{") and quoted is None:
            continue
        if name in ("src", "alt", "title", "href", "id", "class"):
            text = quoted[1] if quoted else value[1:-1]
            given.append(f'{name}="{escape(text)}"')
    name = re.split(r"[\s/>]", raw[1:], maxsplit=1)[0]
    end = " />" if raw.endswith("/>") else ">"
    return Meaning(source=f"<{' '.join([name, *given])}{end}")


def _code_component(name: str, language: str, silent: make.Tokens) -> Meaning:
    def read(text: str) -> Meaning:
        if _NAME_ALONE.fullmatch(text):  # code of another file
            return Meaning((*silent, make.unspoken("code", text, "code from another file")))
        code = text.strip().removeprefix("{").removesuffix("}").strip().strip("`").strip("\n")
        return Meaning((make.code_span(code),), (make.code_block(code + "\n", language),))

    return Meaning(silent, until=re.compile(rf"</{re.escape(name)}\s*>"), verbatim=read)


def _component(raw: str) -> Meaning:
    found = _PARTS.match(raw)
    assert found is not None  # the pattern above has found it
    silent = (make.unspoken("component", raw, "a component of the page"),)
    name, is_whole = found["name"].lower(), bool(found["whole"])
    if found["end"]:
        return Meaning((make.words(raw),) if name else silent, paired=silent, closes=_group(name))
    given = parse_arguments(_without_braces(found["arguments"]))
    if name == "codeblock" and not is_whole:
        return _code_component(found["name"], given.get("language"), silent)
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
