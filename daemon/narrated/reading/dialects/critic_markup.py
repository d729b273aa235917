"""CriticMarkup: additions, deletions, substitutions, comments and highlights of an editor."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning

_ENDS = {"{++": "++}", "{--": "--}", "{~~": "~~}", "{>>": "<<}", "{==": "==}"}
_COMMENT = r"\{>>(?:(?!<<\}|\{>>).)*<<\}"
_OVER_PARAGRAPHS = "|".join(
    rf"\{{{sign}(?=(?:(?!{sign}\}}|\{{{sign}|\n[ \t]*\n).)*\n[ \t]*\n)"
    rf"(?:(?!{sign}\}}|\{{{sign}).)*{sign}\}}"
    for sign in (r"\+\+", "--", "==")
)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n")
_LEAD = re.compile(r"(?:(?:[-*+>]|\d{1,9}[.)]|#{1,6})[ \t]+)*")
_MARK = re.compile(r"\s*(?:\{\+\+|\{--|\{==|\+\+\}|--\}|==\})\s*\Z")


def extend(parser: MarkdownIt) -> None:
    """Read an editor's marks as what they mean."""
    parser.inline.ruler.before("escape", "critic_markup", _marked)
    add_markup(
        parser,
        Markup("{>>", _COMMENT, _comment),
        Markup("", _OVER_PARAGRAPHS, _in_each_paragraph, re.compile(r"\{(?:\+\+|--|==)")),
    )
    interrupted = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.before("fence", "critic_mark", _lone_mark, {"alt": interrupted})


def _comment(raw: str) -> Meaning:
    return Meaning((make.unspoken("comment", raw[3:-3], "an editor's comment"),))


def _in_each_paragraph(raw: str) -> Meaning:
    """Write the mark around several paragraphs around each of them."""
    marked = []
    for part in filter(None, map(str.strip, _EMPTY_LINES.split(raw[3:-3]))):
        lead = _LEAD.match(part)
        at = lead.end() if lead else 0
        marked.append(f"{part[:at]}{raw[:3]}{part[at:]}{raw[-3:]}")
    return Meaning(source="\n\n".join(marked) or raw)


def _marked(state: StateInline, silent: bool) -> bool:
    opening = state.src[state.pos : state.pos + 3]
    if opening not in _ENDS:
        return False
    closing = _ENDS[opening]
    end = _end(state, closing)
    if end < 0:
        return False
    if not silent:
        if state.pending:
            state.pushPending()
        _push(state, opening, state.pos + 3, end)
    state.pos = end + 3
    return True


def _end(state: StateInline, closing: str) -> int:
    if not make.comes_after(state.env, state.src, closing, state.pos + 2):
        return -1
    end = state.src.find(closing, state.pos + 3, state.posMax)
    return end if end + 3 <= state.posMax else -1


def _push(state: StateInline, opening: str, start: int, end: int) -> None:
    if opening == "{>>":
        text = state.src[start:end]
        state.tokens.append(make.unspoken("comment", text, "an editor's comment"))
    elif opening == "{--":
        _push_deleted(state, start, end)
    elif opening == "{~~":
        arrow = state.src.find("~>", start, end)
        _push_deleted(state, start, arrow if arrow >= 0 else end)
        if arrow >= 0:
            state.tokens.append(make.words(" "))
            _push_inner(state, arrow + 2, end)
    else:
        _push_inner(state, start, end)


def _push_deleted(state: StateInline, start: int, end: int) -> None:
    state.push("s_open", "s", 1)
    _push_inner(state, start, end)
    state.push("s_close", "s", -1)


def _push_inner(state: StateInline, start: int, end: int) -> None:
    maximum = state.posMax
    state.pos, state.posMax = start, end
    state.md.inline.tokenize(state)
    if state.pending:
        state.pushPending()
    state.posMax = maximum


def _lone_mark(state: StateBlock, start: int, _end_line: int, silent: bool) -> bool:
    """Leave a mark silent that stands on a line of its own, around whole paragraphs."""
    at, line_end = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    if line_end - at > 9 or not _MARK.match(state.src[at:line_end]) or state.is_code_block(start):
        return False
    if not silent:
        text = state.src[at:line_end]
        make.push(state, [make.unspoken("editor's mark", text, "around whole paragraphs")])
        state.line = start + 1
    return True
