"""Blocks of Pandoc and Quarto: fenced divs, line blocks, numbered examples, page breaks."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.marked_languages import in_language, language_of
from narrated.reading.dialects.pandoc_attributes import Attributes, parse_attributes

_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]
_DIV = re.compile(r":{3,}\s*\{(?P<attributes>[^{}]*)\}\s*:*\s*\Z")
_DIV_END = re.compile(r":{3,}\s*\Z")
_ANY_DIV = re.compile(r":{3,}\s*[^\s:]")
_FENCE = re.compile(r"`{3,}|~{3,}")
_CALLOUT = re.compile(r"callout-(note|tip|warning|caution|important)")
_THEOREMS = {
    "thm": "theorem",
    "lem": "lemma",
    "cor": "corollary",
    "prp": "proposition",
    "cnj": "conjecture",
    "def": "definition",
    "exm": "example",
    "exr": "exercise",
}
_NOTES = frozenset(
    {*_THEOREMS.values(), "proof", "remark", "solution", "note", "tip", "warning", "important"}
    | {"caution", "danger", "info"}
)
_HIDDEN = frozenset({"hidden", "content-hidden"})
_EXAMPLE = re.compile(r"\(@(?P<label>[\w-]{0,60})\)(?:\s+|\Z)")
_EXAMPLE_SIGN = re.compile(r"\(@([\w-]{0,60})\)")
_EXAMPLE_NAMED = re.compile(r"\(@([\w-]{1,60})\)")
_BREAK = re.compile(
    r"\\(?:newpage|pagebreak|clearpage|cleardoublepage|tableofcontents|listoffigures|listoftables"
    r"|maketitle|bigskip|medskip|smallskip|noindent|appendix|vfill|hfill|centering|hrulefill"
    r"|(?:(?:re)?newcommand|providecommand|DeclareMathOperator|usepackage|documentclass)\b[^\n]*"
    r"|(?:vspace|hspace|pagestyle|thispagestyle|setcounter|bibliography|printbibliography)\*?"
    r"(?:\{[^{}]{0,80}\}){0,2})\s*\Z"
)
_CONTENTS = re.compile(r"\[\[?_?toc_?\]?\]\s*\Z|\{\{toc\}\}\s*\Z", re.I)
_CAPTION = re.compile(r"(?:Table)?:\s+(?=\S)")
_ENDS, _EXAMPLES = "div ends", "has examples"
_COUNT, _NUMBERS = "example count", "example numbers"


def extend(parser: MarkdownIt) -> None:
    """Read Pandoc's blocks as what they mean."""
    parser.block.ruler.before("fence", "pandoc", _block, {"alt": _INTERRUPTED})
    parser.core.ruler.after("block", "table_captions", _table_captions)
    parser.core.ruler.after("inline", "example_references", _example_references)


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Apply the rule for the first sign of a line: one rule of the parser costs less than four."""
    rule = _RULES.get(state.src[state.bMarks[start] + state.tShift[start]])
    return rule is not None and rule(state, start, end, silent)


def line_of(state: StateBlock, line: int) -> str:
    """Return a line of a block without its indentation."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _div(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = _marked_line(state, start, ":::")
    if not line:
        return False
    opening = _DIV.match(line)
    if opening is None:
        return _stray_end(state, start, silent) if _DIV_END.match(line) else False
    if silent:
        return True
    close = _div_ends(state).get(start, -1)
    if not start < close < end:
        make.push(state, [make.unspoken("div", line, "a mark of a block that has no end")])
        state.line = start + 1
        return True
    attributes = parse_attributes(opening["attributes"])
    at = len(state.tokens)
    _read_inside(state, start + 1, close)
    _wrap(state, at, attributes, _source(state, start + 1, close))
    state.line = close + 1
    return True


def _read_inside(state: StateBlock, start: int, end: int) -> None:
    parent, line_max = state.parentType, state.lineMax
    state.parentType, state.lineMax = "container", end
    state.md.block.tokenize(state, start, end)
    state.parentType, state.lineMax = parent, line_max


def _wrap(state: StateBlock, at: int, attributes: Attributes, source: str) -> None:
    """Put what a div means around the tokens from a place on."""
    inner = state.tokens[at:]
    if _HIDDEN.intersection(attributes.classes) and not attributes.values:
        state.tokens[at:] = [make.unspoken("div", source, "hidden on the page too")]
        return
    kind = _kind(attributes)
    language = language_of(attributes)
    if not kind:
        state.tokens[at:] = in_language(inner, language, "div")
        return
    title = attributes.values.get("title", "") or attributes.values.get("name", "")
    opening = [*make.admonition_open(kind, title)]
    if not title and inner and inner[0].type == "heading_open":
        # Quarto takes a heading at the start of a callout for its title.
        named = [*make.admonition_open(kind, "title")]
        named[2] = inner[1]
        opening, inner = named, inner[3:]
    for token in (*opening, make.admonition_close()):
        token.level = state.level
    whole = [*opening, *inner, make.admonition_close()]
    state.tokens[at:] = in_language(whole, language, "div")


def _kind(attributes: Attributes) -> str:
    for name in attributes.classes:
        if found := _CALLOUT.fullmatch(name):
            return found[1]
        if name in _NOTES:
            return name
    prefix = attributes.name.partition("-")[0]
    return _THEOREMS.get(prefix, "") if "-" in attributes.name else ""


def _source(state: StateBlock, start: int, end: int) -> str:
    return state.getLines(start, end, state.blkIndent, False)


def _stray_end(state: StateBlock, start: int, silent: bool) -> bool:
    """Leave an end without a beginning silent, in a text that has divs with attributes."""
    if state.env.get("fenced divs") is None:
        state.env["fenced divs"] = re.search(r"^\s{0,9}:{3,}\s*\{", state.src, re.M) is not None
    if not state.env["fenced divs"]:
        return False
    if not silent:
        make.push(state, [make.unspoken("div", ":::", "a mark of a block without a beginning")])
        state.line = start + 1
    return True


def _div_ends(state: StateBlock) -> dict[int, int]:
    """Return the line that ends each div, by the line that begins it; read once a text."""
    known: dict[int, int] | None = state.env.get(_ENDS)
    if known is not None and state.env["divs of"] == state.src:
        return known
    ends: dict[int, int] = {}
    open_lines: list[int] = []
    fence = ""
    for number in range(len(state.bMarks) - 1):
        text = line_of(state, number)
        if fenced := _FENCE.match(text):
            if not fence:
                fence = fenced[0]
            elif text.strip().startswith(fence) and not text.strip().strip(fence[0]):
                fence = ""
        elif fence:
            continue
        elif _ANY_DIV.match(text):
            open_lines.append(number)
        elif open_lines and _DIV_END.match(text):
            ends[open_lines.pop()] = number
    state.env[_ENDS], state.env["divs of"] = ends, state.src
    return ends


def _line_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read two or more lines with a `|` before each as verse, a pause after each line."""
    if not _is_verse(state, start) or start + 1 >= end or not _is_verse(state, start + 1):
        return False
    if silent:
        return True
    stanzas: list[list[str]] = [[]]
    line = start
    while line < end:
        if _is_verse(state, line):
            text = line_of(state, line)[1:].strip()
            stanzas.append([]) if not text else stanzas[-1].append(text)
        elif stanzas[-1] and state.tShift[line] and line_of(state, line).strip():
            stanzas[-1][-1] += f" {line_of(state, line).strip()}"
        else:
            break
        line += 1
    for stanza in stanzas:
        if stanza:
            make.push(state, make.paragraph("\\\n".join(stanza)))
    state.line = line
    return True


def _is_verse(state: StateBlock, line: int) -> bool:
    text = _marked_line(state, line, "|")
    return bool(text) and text[1:2] in ("", " ") and "|" not in text[1:].replace("\\|", "")


def _example(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    found = _EXAMPLE.match(_marked_line(state, start, "(@"))
    if found is None or not _has_examples(state):
        return False
    if silent:
        return True
    number = _example_number(state.env, found["label"])
    lines = [line_of(state, start)[found.end() :]]
    line = start + 1
    while line < end and (text := line_of(state, line).strip()) and not _EXAMPLE.match(text):
        lines.append(text)
        line += 1
    opening = Token("ordered_list_open", "ol", 1, attrs={"start": number}, block=True)
    item = Token("list_item_open", "li", 1, block=True)
    ends = [
        Token("list_item_close", "li", -1, block=True),
        Token("ordered_list_close", "ol", -1, block=True),
    ]
    make.push(state, [opening, item, *make.paragraph("\n".join(lines)), *ends])
    state.line = line
    return True


def _counted(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a list whose items count themselves: `#. words`."""
    if not _marked_line(state, start, "#. "):
        return False
    if silent:
        return True
    make.push(state, [Token("ordered_list_open", "ol", 1, block=True)])
    line = start
    while line < end and (text := _marked_line(state, line, "#. ")):
        close = line + 1
        while close < end and state.sCount[close] > state.blkIndent and not state.isEmpty(close):
            close += 1
        words = [text[3:], *(line_of(state, each) for each in range(line + 1, close))]
        item = Token("list_item_open", "li", 1, block=True)
        item_end = Token("list_item_close", "li", -1, block=True)
        make.push(state, [item, *make.paragraph("\n".join(words)), item_end])
        state.line = line = close
        if line + 1 < end and state.isEmpty(line) and _marked_line(state, line + 1, "#. "):
            line += 1
    make.push(state, [Token("ordered_list_close", "ol", -1, block=True)])
    return True


def _has_examples(state: StateBlock) -> bool:
    """True if a text has two numbered examples, or a reference: "(@ada)" alone is a person."""
    if state.env.get(_EXAMPLES) is None:
        found = Counter(_EXAMPLE_SIGN.findall(state.src))
        labels = [label for label, count in found.items() if count > 1]
        state.env[_EXAMPLES] = bool(found[""] or labels)
    return bool(state.env[_EXAMPLES])


def _example_number(env: Any, label: str) -> int:
    numbers: dict[str, int] = env.setdefault(_NUMBERS, {})
    if not label or label not in numbers:
        env[_COUNT] = env.get(_COUNT, 0) + 1
    if label:
        numbers.setdefault(label, env[_COUNT])
    return numbers[label] if label else int(env[_COUNT])


def _example_references(state: StateCore) -> None:
    numbers: dict[str, int] = state.env.get(_NUMBERS, {})
    if not numbers:
        return
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "text" and "(@" in child.content:
                child.content = _EXAMPLE_NAMED.sub(
                    lambda found: f"({numbers[found[1]]})" if found[1] in numbers else found[0],
                    child.content,
                )


def _page_mark(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """Leave a page break, or the place of a table of contents, silent."""
    line = _marked_line(state, start, "\\", "[", "{{")
    found = line and (_BREAK.match(line) or _CONTENTS.match(line))
    if not found:
        return False
    if not silent:
        make.push(state, [make.unspoken("page mark", line, "a mark for the page")])
        state.line = start + 1
    return True


def _table_captions(state: StateCore) -> None:
    """Take the mark off a table's caption: `: caption {#tbl-a}`, before or after the table."""
    tokens = state.tokens
    for at, token in enumerate(tokens):
        if token.type == "inline" and (found := _CAPTION.match(token.content)):
            before = tokens[at - 2].type if at > 1 else ""
            after = tokens[at + 2].type if at + 2 < len(tokens) else ""
            if before == "table_close" or after == "table_open":
                token.content = token.content[found.end() :]


def _marked_line(state: StateBlock, line: int, *marks: str) -> str:
    """Return a line that begins with one of the marks, and is not indented as code; else ""."""
    at = state.bMarks[line] + state.tShift[line]
    if not state.src.startswith(marks, at) or state.sCount[line] - state.blkIndent > 3:
        return ""
    return "" if state.sCount[line] < state.blkIndent else line_of(state, line)


_RULES: dict[str, Callable[[StateBlock, int, int, bool], bool]] = {
    ":": _div,
    "|": _line_block,
    "(": _example,
    "#": _counted,
    **dict.fromkeys("\\[{", _page_mark),
}
