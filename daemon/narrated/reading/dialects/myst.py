"""MyST, of Sphinx and Jupyter Book: roles (``{ref}`x` ``) and directives (```` ```{note} ````)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.nested_lines import dedented, parse_within
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning
from narrated.reading.html_element_names import names

_ROLE = r"(?<![\w`])\{[A-Za-z][\w:.+-]{0,40}\}`(?!`)[^`\n]{1,400}`(?!`)"
_PARTS = re.compile(r"\{([\w:.+-]+)\}`(.*)`\Z", re.S)
_TITLE_AND_TARGET = re.compile(r"(.*\S)\s*<[^<>]*>\s*\Z", re.S)
_PLACE = re.compile(r"\([\w:. -]{1,80}\)=\s*\Z")
_BRACKETS = re.compile(r"(.*\S)\s+\([^()]*\)\s*\Z", re.S)
_SILENT_ROLES = names("""
    cite cite:p cite:t cite:ps cite:ts cite:alp cite:alps cite:author cite:year footcite index eval
    fa fas fab far fa-solid octicon material-regular material-outlined target footcite:p footcite:t
    """)
_CODE_ROLES = names("code file literal command program option envvar samp kbd")
_FORMULAS = names("math eq-inline")
_FENCE = re.compile(r"(?P<sign>`{3,}|~{3,})\{(?P<name>[\w:.+-]+)\}[ \t]*(?P<argument>[^`\n]*)\Z")
_OPTION = re.compile(r"\s*:([\w-]+):\s*(.*)")
_ADMONITIONS = names("""
    note tip hint warning caution danger attention important error seealso admonition topic sidebar
    margin versionadded versionchanged deprecated todo exercise solution theorem proof definition
    lemma example remark
    """)
_TITLED = names(
    "dropdown tab-item card grid-item-card toggle tab grid tab-set grid-item div glossary"
)
_QUOTES = names("epigraph pull-quote highlights blockquote")
_PICTURES = names("figure image")
_CODE = names("code code-block sourcecode code-cell ipython prompt parsed-literal")
_SILENT = names("""
    toctree contents tableofcontents index bibliography raw eval-rst literalinclude include iframe
    mermaid graphviz plantuml autoclass autofunction automodule automethod currentmodule only
    meta target footbibliography carousel button-link button-ref youtube video list-of-figures
    """)
_VERSIONS = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}
_DEPTH, _DEEPEST = "MyST", 20
"""Directives inside one another."""
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]


def extend(parser: MarkdownIt) -> None:
    """Read roles as their words, and directives as what they mean."""
    add_markup(parser, Markup("}`", _ROLE, _role, re.compile(r"\{[A-Za-z][\w:.+-]{0,40}\}`")))
    parser.block.ruler.before("fence", "myst_directive", _directive, {"alt": _INTERRUPTED})
    parser.block.ruler.before("fence", "myst_target", _target, {"alt": _INTERRUPTED})


def _target(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Leave the name of a place silent: `(my-part)=` on a line of its own."""
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 1] != "(" or state.is_code_block(start):
        return False
    line = state.src[at : state.eMarks[start]]
    if not _PLACE.match(line):
        return False
    if not silent:
        make.push(state, [make.unspoken("target", line, "the name of a place")])
        state.line = start + 1
    return True


def _role(raw: str) -> Meaning | None:
    found = _PARTS.match(raw)
    if found is None:
        return None
    name, text = found[1].lower(), found[2].strip()
    silent = make.unspoken("role", raw, "a citation, an icon or an entry of an index")
    if name in _SILENT_ROLES:
        return Meaning((silent,))
    if name in _FORMULAS:
        return Meaning((make.formula(text),))
    if name in _CODE_ROLES:
        return Meaning((make.code_span(text),))
    return Meaning((make.words(_words_of(name, text)),))


def _words_of(name: str, text: str) -> str:
    """Return the words that a role shows; of a bare target, its own last part."""
    if titled := _TITLE_AND_TARGET.match(text):
        return titled[1]
    if name == "abbr" and (brackets := _BRACKETS.match(text)):
        return brackets[1]
    if name in ("menuselection", "guilabel"):
        return text.replace("-->", ",").replace("&", "")
    if text.startswith("~"):
        return text[1:].rsplit(".", 1)[-1]
    if name in ("ref", "numref", "doc", "eq", "any", "prf:ref"):
        return re.sub(r"[-_:]+", " ", text.lstrip("/!").rsplit("/", 1)[-1])
    return text.lstrip("!")


@dataclass(frozen=True, slots=True)
class _Directive:
    """A directive, the options above its text, and the lines of the text."""

    name: str
    argument: str
    options: dict[str, str]
    start: int
    first: int
    close: int


def _directive(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 3] not in ("```", "~~~") or state.is_code_block(start):
        return False
    found = _FENCE.match(state.src[at : state.eMarks[start]].rstrip())
    if found is None or found["name"].lower() not in _WRITERS:
        return False
    close = _closing_line(state, found["sign"], start, end)
    depth = state.env.get(_DEPTH, 0)
    if close is None or depth >= _DEEPEST:
        return False
    if not silent:
        options, first = _options(state, start + 1, close)
        name, argument = found["name"].lower(), found["argument"].strip()
        state.env[_DEPTH] = depth + 1
        _WRITERS[name](state, _Directive(name, argument, options, start, first, close))
        state.env[_DEPTH] = depth
        state.line = close + 1
    return True


def _closing_line(state: StateBlock, sign: str, start: int, end: int) -> int | None:
    """Find the line that ends a fence; where none does, the search is not made again."""
    key = f"{_DEPTH}: no {sign} before {end}"
    if key in state.env and state.env[key] <= start:
        return None
    for line in range(start + 1, end):
        at = state.bMarks[line] + state.tShift[line]
        rest = state.src[at : state.eMarks[line]] if state.src.startswith(sign, at) else " x"
        if not rest.strip().strip(sign[0]):
            return line
    state.env[key] = start
    return None


def _options(state: StateBlock, line: int, close: int) -> tuple[dict[str, str], int]:
    """Read the options above a directive's text, and the line where the text begins."""
    options: dict[str, str] = {}
    while line < close:
        written = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        found = _OPTION.match(written)
        if found is None:
            break
        options[found[1]] = found[2].strip()
        line += 1
    return options, line


def _parse(state: StateBlock, one: _Directive) -> None:
    if one.first < one.close:
        parse_within(state, one.first, one.close, dedented(state, one.first, one.close))


def _body(state: StateBlock, one: _Directive) -> str:
    return state.getLines(one.first, one.close, max(state.blkIndent, state.sCount[one.start]), True)


def _write_silent(state: StateBlock, one: _Directive) -> None:
    text = f"{{{one.name}}} {one.argument}\n{_body(state, one)}".strip()
    silent = make.unspoken("directive", text, "a directive of the page")
    make.push(state, make.paragraph("", (silent,)))


def _write_code(state: StateBlock, one: _Directive) -> None:
    language = one.argument or ("python" if one.name == "code-cell" else "")
    make.push(state, (make.code_block(_body(state, one), language),))


def _write_formula(state: StateBlock, one: _Directive) -> None:
    formula = make.formula(f"{one.argument} {_body(state, one)}")
    make.push(state, make.paragraph("", (formula,)))


def _write_picture(state: StateBlock, one: _Directive) -> None:
    shown = make.picture(one.argument, one.options.get("alt", ""))
    make.push(state, make.paragraph("", (shown,)))
    _parse(state, one)


def _write_quote(state: StateBlock, one: _Directive) -> None:
    make.push(state, (make.quote_open(),))
    _parse(state, one)
    make.push(state, (make.quote_close(),))


def _write_admonition(state: StateBlock, one: _Directive) -> None:
    title, kind = one.argument, one.name
    if one.name in _VERSIONS:
        title, kind = f"{_VERSIONS[one.name]} {title}", "note"
    elif one.name == "admonition":
        kind = one.options.get("class", "note")
    make.push(state, make.admonition_open(kind, title))
    _parse(state, one)
    make.push(state, (make.admonition_close(),))


def _write_titled(state: StateBlock, one: _Directive) -> None:
    make.push(state, make.paragraph(one.argument) if one.argument else ())
    _parse(state, one)


_WRITERS: dict[str, Callable[[StateBlock, _Directive], None]] = {
    **dict.fromkeys(_ADMONITIONS, _write_admonition),
    **dict.fromkeys(_TITLED, _write_titled),
    **dict.fromkeys(_QUOTES, _write_quote),
    **dict.fromkeys(_PICTURES, _write_picture),
    **dict.fromkeys(_CODE, _write_code),
    **dict.fromkeys(_SILENT, _write_silent),
    "math": _write_formula,
}
