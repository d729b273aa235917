"""MkDocs: admonitions (`!!! note "Title"`), tabs, snippets, abbreviations, keys and icons."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.nested_lines import parse_within
from narrated.reading.dialects.paired_signs import add_paired_sign
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning

_OPENING = re.compile(
    r"(?:(?P<sign>!!!|\?\?\?)\+?[ \t]*(?P<kind>[A-Za-z][\w-]*)(?:[ \t]+[\w-]+)*|(?P<tab>===)[+!]?)"
    r"(?:[ \t]+\"(?P<title>[^\n]*?)\")?[ \t]*\Z"
)
_SIGNS = frozenset({"!!!", "???", "==="})
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]
_INDENT = 4
_SNIPPET = (
    r"(?<![^\n])[ \t]*;?-{1,9}8<-+[ \t]*(?:(?:\"[^\"\n]*\"|\[[^\[\]\n]*\])[ \t]*(?![^\n])"
    r"|\n(?:[ \t]*(?!-)[^\s\n][^\n]*\n){1,99}[ \t]*-{1,9}8<-+)"
)
_ABBREVIATION = r"(?<![^\n])[ ]{0,3}\*\[[^\]\n]+\]:[^\n]*"
_KEYS = (
    r"(?<![\w+{])\+\+(?:[a-z][\w-]+|\"[^\"\n]{1,20}\"|[a-z0-9](?=\+\w))"
    r"(?:\+(?:[\w-]+|\"[^\"\n]{1,20}\"))*\+\+(?![\w+])"
)
_ICON = r":(?:material|fontawesome|octicons|simple|oui|lucide|bootstrap)-[\w-]+:(?:\{[^{}\n]*\})?"
_BLOCK = (
    r"(?<![^\n])[ \t]*/{3,9}[ \t]*[a-z][a-z-]*(?:[ \t]*\|[^\n]*|[ \t]*(?![^\n]))"
    r"(?:\n[ ]{4,9}[\w-]+:[^\n]*)*"
)
_BLOCK_END = r"(?<![^\n])[ \t]*/{3,9}[ \t]*(?![^\n])"
_BLOCK_PARTS = re.compile(r"\s*/+\s*([a-z-]+)\s*(?:\|\s*([^\n]*))?")
_BLOCK_PROBE = re.compile(r"///(?<=[\n \t]///)|\A///")
_TITLED = frozenset({"tab", "details", "caption", "figure-caption", "table-caption", "html"})
_API = r"(?<![^\n]):::[ \t]+[A-Za-z_]\w*(?:\.\w+)+[ \t]*(?![^\n])(?:\n[ ]{4}[^\n]*){0,99}"
"""A place for documentation that a plugin makes of code."""
_API_LINK = r"\[[^\[\]\n]{1,100}\]\[[A-Za-z_]\w{0,60}(?:\.\w{1,60}){1,9}\]"
_HILITE = re.compile(r"#!\w+ +(?=\S)")
_HTML = r"<(?:div|figure|section|article|aside|p|span)\b[^<>]*\bmarkdown\b[^<>]*>"
_HTML_NAME = re.compile(r"<(\w+)")
_HTML_LANGUAGE = re.compile(
    r"\s((?:xml:)?lang\s{0,9}=\s{0,9}(?:\"[^\"]{0,99}\"|'[^']{0,99}'|[\w-]{1,99}))"
)
_KEY_NAMES = {
    "ctrl": "Control", "cmd": "Command", "del": "Delete", "esc": "Escape", "ins": "Insert",
    "win": "Windows", "opt": "Option", "arrow-up": "Up", "arrow-down": "Down",
    "arrow-left": "Left", "arrow-right": "Right",
}  # fmt: skip


def extend(parser: MarkdownIt) -> None:
    """Read admonitions, tabs and keys as what they mean; snippets and icons are silent."""
    parser.block.ruler.before("fence", "indented_container", _container, {"alt": _INTERRUPTED})
    add_paired_sign(parser, "^")
    parser.core.ruler.after("inline", "code_languages", _drop_languages)
    add_markup(
        parser,
        Markup("8<", _SNIPPET, _snippet),
        Markup("*[", _ABBREVIATION, _abbreviation),
        Markup("++", _KEYS, _keys),
        Markup("///", _BLOCK, _block, _BLOCK_PROBE),
        Markup("///", _BLOCK_END, _block_end, _BLOCK_PROBE),
        Markup(" markdown", _HTML, _html),
        Markup("::: ", _API, _api),
        Markup("][", _API_LINK, _api_link, re.compile(_API_LINK)),
        Markup(
            "", _ICON, _icon, re.compile(":(?:material|fontawesome|octicons|simple|oui|lucide)-")
        ),
    )


def _snippet(raw: str) -> Meaning:
    return Meaning((make.unspoken("snippet", raw, "text from another file"),))


def _abbreviation(raw: str) -> Meaning:
    return Meaning((make.unspoken("abbreviation", raw, "shown under the pointer only"),))


def _icon(raw: str) -> Meaning:
    return Meaning((make.unspoken("icon", raw, "a picture without words"),))


def _api(raw: str) -> Meaning:
    return Meaning((make.unspoken("documentation", raw, "made of code when the page is made"),))


def _api_link(raw: str) -> Meaning:
    """A link to documentation that a plugin makes: its words."""
    return Meaning(source=raw[1 : raw.index("][")])


def _drop_languages(state: StateCore) -> None:
    """Drop the language before code in a sentence: `#!python range(10)`."""
    if "`#!" not in state.src:
        return
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "code_inline" and (found := _HILITE.match(child.content)):
                child.content = child.content[found.end() :]


def _keys(raw: str) -> Meaning:
    keys = [key.strip('"') for key in raw[2:-2].split("+")]
    said = [_KEY_NAMES.get(key, key.replace("-", " ").capitalize()) for key in keys]
    return Meaning((make.words(" ".join(said)),))


def _block(raw: str) -> Meaning:
    """A block with bars: `/// note | Title`, up to `///`."""
    found = _BLOCK_PARTS.match(raw)
    assert found is not None  # the pattern above has found it
    kind, title = found[1], (found[2] or "").strip()
    text = (make.words(raw.strip()),)
    silent = (make.unspoken("container", raw),)
    if kind == "html":  # its argument is a tag, no title
        title = ""
    if kind in _TITLED:
        opening = make.paragraph(title) if title else make.paragraph("", silent)
        return Meaning(text, paired=silent, opens="///", opening=opening)
    opening = make.admonition_open(kind, title)
    closing = (make.admonition_close(),)
    return Meaning(text, paired=silent, opens="///", opening=opening, closing=closing)


def _block_end(raw: str) -> Meaning:
    return Meaning((make.words(raw.strip()),), paired=(), closes="///")


def _html(raw: str) -> Meaning:
    """An element with Markdown inside: without its tag, that is parsed; a language needs one."""
    language = _HTML_LANGUAGE.search(raw)
    if language is None:
        return Meaning()
    name = _HTML_NAME.findall(raw)[0]
    if name in ("p", "span"):  # the end of the paragraph ends a span, too
        return Meaning(source=f"<span {language[1]}>")
    return Meaning(source=f"<{name} {language[1]}>\n\n")


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 3] not in _SIGNS or state.is_code_block(start):
        return False
    found = _OPENING.match(state.src[at : state.eMarks[start]])
    if found is None or (found["tab"] and found["title"] is None):
        return False
    close = _end_of_indented(state, start, end)
    # Without a title and an indented text, `!!! wow` is an exclamation.
    if close == start + 1 and found["title"] is None:
        return False
    if not silent:
        _push(state, found, start, close)
    return True


def _push(state: StateBlock, found: re.Match[str], start: int, close: int) -> None:
    title = found["title"] or ""
    if found["tab"]:
        make.push(state, make.paragraph(title))
    else:
        make.push(state, make.admonition_open(found["kind"].lower(), title))
    parse_within(state, start + 1, close, state.blkIndent + _INDENT)
    state.line = close
    if not found["tab"]:
        make.push(state, (make.admonition_close(),))


def _end_of_indented(state: StateBlock, start: int, end: int) -> int:
    """Return the line after the lines that are indented below a line."""
    last = start + 1
    for line in range(start + 1, end):
        if state.isEmpty(line):
            continue
        if state.sCount[line] < state.blkIndent + _INDENT:
            break
        last = line + 1
    return last
