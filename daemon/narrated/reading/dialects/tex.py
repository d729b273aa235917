r"""TeX: formulas in `\(…\)`, `\[…\]` and `\begin{…}…\end{…}`, and commands in a sentence."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from narrated.reading.dialects import tokens as make
from narrated.reading.html_element_names import names
from narrated.reading.tex_formulas import DISPLAY, ENVIRONMENTS, INLINE, is_formula

_BEGIN = re.compile(r"\\begin\{([a-zA-Z]{1,20})(\*?)\}")
_END = re.compile(r"\\(?:begin|end)\{[a-zA-Z]{1,20}\*?\}\s*\Z")
_LONGEST = 20_000
_CODE = names("verbatim lstlisting minted Verbatim")
_DRAWINGS = names("tikzpicture figure table tabular longtable wrapfigure picture algorithm comment")
_AROUND = names(
    "center flushleft flushright quote quotation abstract small large landscape minipage"
)
_COMMAND = re.compile(
    r"\\(?P<name>[a-zA-Z]{2,20})(?:\{(?P<text>[^{}\n]{0,200})\}|\{\}|(?![a-zA-Z{]))"
)
_STYLES = names("textbf textit emph texttt underline textsc textrm textsf uline")
_SILENT = names("label cite citep citet ref autoref eqref cref Cref pageref index nocite")
_NAMES = {"LaTeX": "LaTeX", "TeX": "TeX", "ldots": "…", "dots": "…", "textbackslash": "\\"}
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]


def extend(parser: MarkdownIt) -> None:
    """Read TeX's formulas and commands."""
    parser.block.ruler.before("fence", "tex_display", _display, {"alt": _INTERRUPTED})
    parser.block.ruler.before("fence", "tex_environment", _environment, {"alt": _INTERRUPTED})
    parser.inline.ruler.before("escape", "tex_formula", _formula)
    parser.inline.ruler.before("escape", "tex_command", _command)


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
    r"""True for `\(a\)` at the start of a line, which counts."""
    before = state.src[max(0, state.pos - 1) : state.pos]
    return len(text.strip()) == 1 and before in ("", "\n")


def _command(state: StateInline, silent: bool) -> bool:
    found = _COMMAND.match(state.src, state.pos) if state.src[state.pos] == "\\" else None
    if found is None:
        return False
    name, text = found["name"], found["text"]
    words = _NAMES.get(name) if not text else text if name in _STYLES else None
    if words is None and not (name in _SILENT and text):
        return False
    if not silent:
        state.pushPending() if state.pending else None
        command = make.unspoken("command", found[0], "a command of TeX")
        state.tokens.append(command if words is None else make.words(words))
    state.pos = found.end()
    return True


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
    if found[1] in _AROUND and line > start:
        _push_around(state, start, line)
    else:
        text = state.src[found.end() : close]
        after = state.src[close + len(found[1]) + len(found[2]) + 6 : state.eMarks[line]].strip()
        make.push(state, _meaning(found[1], text, state.src[at:close]))
        make.push(state, make.paragraph(after) if after.strip(".,;") else ())
    state.line = line + 1
    return True


def _meaning(name: str, text: str, source: str) -> make.Tokens:
    if name in _CODE:
        return (make.code_block(text.strip("\n") + "\n"),)
    if name in ENVIRONMENTS:
        return make.paragraph("", (make.formula(text),))
    if name in _DRAWINGS:
        return (make.unspoken(name, source, "a part in TeX"),)
    return make.paragraph(text.strip())


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
