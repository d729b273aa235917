r"""TeX: formulas in `\(…\)`, `\[…\]` and `\begin{…}…\end{…}`, and commands in a sentence."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make
from narrated.reading.html_element_names import names
from narrated.reading.tex_formulas import DISPLAY, ENVIRONMENTS, INLINE, is_formula

_BEGIN = re.compile(r"\\begin\{([a-zA-Z]{1,20})(\*?)\}")
_END = re.compile(r"\\(?:begin|end)\{[a-zA-Z]{1,20}\*?\}\s*\Z")
_LONGEST = 20_000
_CODE = names("verbatim lstlisting minted Verbatim")
_DRAWINGS = names("tikzpicture figure table tabular longtable wrapfigure picture algorithm comment")
_LISTS = names("itemize enumerate description")
_ITEM = re.compile(r"\\item\b\s*(?:\[([^\[\]\n]{0,200})\])?")
_COMMAND = re.compile(
    r"\\(?P<name>[a-zA-Z]{2,20})(?:\*?\{(?P<text>[^{}\n]{0,200})\}|\{\}|(?![a-zA-Z{]))"
)
_SECOND = re.compile(
    r"\\(?:href|textcolor|colorbox|hyperref)\{[^{}\n]{0,400}\}\{(?P<text>[^{}\n]{0,200})\}"
)
"""Commands whose second argument is their words."""
_STYLES = names("""
    textbf textit emph texttt underline textsc textrm textsf uline url mbox
    part chapter section subsection subsubsection paragraph subparagraph caption title
    """)
_SILENT = names("label cite citep citet ref autoref eqref cref Cref pageref index nocite")
_NAMES = {"LaTeX": "LaTeX", "TeX": "TeX", "ldots": "…", "dots": "…", "textbackslash": "\\"}
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]


def extend(parser: MarkdownIt) -> None:
    """Read TeX's formulas and commands."""
    parser.block.ruler.before("fence", "tex_display", _display, {"alt": _INTERRUPTED})
    parser.block.ruler.before("fence", "tex_environment", _environment, {"alt": _INTERRUPTED})
    parser.inline.ruler.before("escape", "tex_formula", _formula)
    parser.inline.ruler.before("escape", "tex_command", _command)
    parser.core.ruler.after("block", "math_fences", _math_fences)


def _math_fences(state: StateCore) -> None:
    """Take code in the language `math`, of GitHub and MyST, for a formula."""
    found = [at for at, token in enumerate(state.tokens) if _is_math_fence(token)]
    for at in reversed(found):
        formula = make.formula(state.tokens[at].content)
        state.tokens[at : at + 1] = make.paragraph("", (formula,))


def _is_math_fence(token: Token) -> bool:
    return token.type == "fence" and token.info.strip(" {}") == "math"


def _formula(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith(("\\(", "\\["), state.pos):
        return False
    pattern = INLINE if state.src[state.pos + 1] == "(" else DISPLAY
    closing = "\\)" if pattern is INLINE else "\\]"
    if not make.comes_after(state.env, state.src, closing, state.pos):
        return False
    found = pattern.match(state.src, state.pos)
    if found is None or not is_formula(found["text"]) or _is_enumeration(state, found["text"]):
        return False
    # `\[x\](u)` and `\[x\]: u` are no formulas.
    if pattern is DISPLAY and state.src[found.end() : found.end() + 1] in ("(", ":"):
        return False
    if not silent:
        state.pushPending() if state.pending else None
        state.tokens.append(make.formula(found["text"]))
    state.pos = found.end()
    return True


def _is_enumeration(state: StateInline, text: str) -> bool:
    r"""True for `\(a\)` at the start of a line with words, which counts."""
    before = state.src[max(0, state.pos - 1) : state.pos]
    is_whole = len(state.src.strip()) == len(text) + len(r"\(\)")
    return len(text.strip()) == 1 and before in ("", "\n") and not is_whole


def _command(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "\\":
        return False
    found = _SECOND.match(state.src, state.pos) or _COMMAND.match(state.src, state.pos)
    if found is None:
        return False
    words, name, text = _words(found), found.groupdict().get("name"), found["text"]
    if words is None and not (name in _SILENT and text):
        return False
    if not silent:
        if words is None:  # a tie before a reference: `Fig.~\ref{x}`
            state.pending = state.pending.removesuffix("~")
        state.pushPending() if state.pending else None
        command = make.unspoken("command", found[0], "a command of TeX")
        state.tokens.append(command if words is None else make.words(words))
    state.pos = found.end()
    return True


def _words(found: re.Match[str]) -> str | None:
    """Return what a command says; None for one that is silent or unknown."""
    name, text = found.groupdict().get("name"), found["text"]
    if name is None or (text and name in _STYLES):
        return text
    if text and name == "footnote":
        return f" ({text})"
    return _NAMES.get(name) if not text else None


def _display(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Read `\[` to `\]` on lines of their own as a formula, whatever its lines begin with."""
    at = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("\\[", at) or state.is_code_block(start):
        return False
    if not make.comes_after(state.env, state.src, "\\]", at):
        return False
    found = DISPLAY.match(state.src, at)
    if found is None or not is_formula(found["text"]):
        return False
    line = start
    while line < end and state.eMarks[line] < found.end():
        line += 1
    if line >= end or state.src[found.end() : state.eMarks[line]].strip(" .,;"):
        return False
    if not silent:
        make.push(state, make.paragraph("", (make.formula(found["text"]),)))
        state.line = line + 1
    return True


def _environment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("\\", at):
        return False
    found = None if state.is_code_block(start) else _BEGIN.match(state.src, at)
    if found is None:
        is_code = state.is_code_block(start) or not state.src.startswith("\\end{", at)
        return False if is_code else _stray(state, start, silent)
    if not make.comes_after(state.env, state.src, "\\end{", at):
        return _stray(state, start, silent)
    close = state.src.find(f"\\end{{{found[1]}{found[2]}}}", at, at + _LONGEST)
    if close < 0:
        return _stray(state, start, silent)
    line = start
    while line < end and state.eMarks[line] < close:
        line += 1
    if line >= end:
        return False
    if silent:
        return True
    name, is_read = found[1], found[1] not in ENVIRONMENTS | _CODE | _DRAWINGS | _LISTS
    if is_read and line > start:
        _push_around(state, start, line)
    else:
        text = _text_within(state, (start, found.end()), (line, close))
        after = state.src[close + len(name) + len(found[2]) + 6 : state.eMarks[line]].strip()
        make.push(state, _meaning(name, text, state.src[at:close]))
        make.push(state, make.paragraph(after) if after.strip(".,;") else ())
    state.line = line + 1
    return True


def _text_within(state: StateBlock, begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Return a text between two places, each with its line, without the signs of a quotation."""
    (first, at), (last, until) = begin, end
    if first == last:
        return state.src[at:until]
    lines = state.getLines(first + 1, last, state.blkIndent, True)
    ending = state.src[state.bMarks[last] + state.tShift[last] : until]
    return f"{state.src[at : state.eMarks[first]]}\n{lines}{ending}"


def _meaning(name: str, text: str, source: str) -> make.Tokens:
    if name in _CODE:
        return (make.code_block(text.strip("\n") + "\n"),)
    if name in _LISTS:
        return tuple(_listing(text, name))
    if name in ENVIRONMENTS:
        return make.paragraph("", (make.formula(text),))
    if name in _DRAWINGS:
        return (make.unspoken(name, source, "a part in TeX"),)
    return make.paragraph(text.strip())


def _listing(text: str, name: str) -> Iterator[Token]:
    """Make a list of the items in a text: `\\item words`, `\\item[Term] words`."""
    kind, tag = ("ordered_list", "ol") if name == "enumerate" else ("bullet_list", "ul")
    before, *parts = _ITEM.split(text)
    if before.strip():
        yield from make.paragraph(before.strip())
    yield Token(f"{kind}_open", tag, 1, block=True)
    for term, words in zip(parts[::2], parts[1::2], strict=True):
        yield Token("list_item_open", "li", 1, block=True)
        yield from make.paragraph(": ".join(filter(None, (term, words.strip()))))
        yield Token("list_item_close", "li", -1, block=True)
    yield Token(f"{kind}_close", tag, -1, block=True)


def _push_around(state: StateBlock, start: int, close: int) -> None:
    parent, line_max = state.parentType, state.lineMax
    state.parentType, state.lineMax = "container", close
    state.md.block.tokenize(state, start + 1, close)
    state.parentType, state.lineMax = parent, line_max


def _stray(state: StateBlock, start: int, silent: bool) -> bool:
    """Leave a line silent that is nothing but one end of an environment."""
    at = state.bMarks[start] + state.tShift[start]
    line = state.src[at : state.eMarks[start]]
    if not _END.match(line):
        return False
    if not silent:
        make.push(state, [make.unspoken("command", line, "a command of TeX")])
        state.line = start + 1
    return True
