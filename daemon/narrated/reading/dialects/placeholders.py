"""Markup that is cut out of a source before Markdown is parsed, as site generators do.

It may stand anywhere: in a link's target, in raw HTML, around several blocks. A placeholder takes
its place; after parsing, its meaning replaces the placeholder. In code, its text comes back.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.block_lines import LineShifts
from narrated.reading.dialects.nested_lines import dedented, parse_within
from narrated.reading.dialects.source_cutting import (
    CLOSE,
    OPEN,
    Cut,
    Markup,
    cut,
    placeholder,
)
from narrated.reading.dialects.tokens import paragraph, push, words

PLACEHOLDER = re.compile(f"(?:{OPEN}|%EF%B7%90)([0-9]+)(?:{CLOSE}|%EF%B7%91)")
"""A placeholder, also as a link's target writes it."""
_ALONE = re.compile(f"(?:{OPEN}[0-9]+{CLOSE}[ \t]*)+\\Z")
_HTML_PART = re.compile(
    r"<!--(?:(?!<!--|-->).)*-->|<(?P<end>/?)(?:pre|code)\b[^<>]*>|<[^<>]*>|" + PLACEHOLDER.pattern,
    re.S | re.I,
)
_KEY = "cut markup"
SHIFTS = "line shifts"
"""A key in the parser's environment: the lines of the text from which markup is cut."""
_INTERRUPTED = ["paragraph", "reference", "blockquote", "table"]


def add_markup(parser: MarkdownIt, *markups: Markup) -> None:
    """Have a parser cut markup out of a source before it parses Markdown."""
    known: list[Markup] = parser.options.get(_KEY, [])
    if not known:
        parser.options[_KEY] = known
        parser.core.ruler.before("block", "cut_markup", _cut_markup)
        parser.core.ruler.push("fill_placeholders", _fill)
        parser.block.ruler.before("fence", "placeholder", _block_rule, {"alt": _INTERRUPTED})
    known += markups


def markups_of(parser: MarkdownIt) -> list[Markup]:
    """Return the markup that a parser cuts."""
    known: list[Markup] = parser.options.get(_KEY, [])
    return known


def _cut_markup(state: StateCore) -> None:
    shifts = state.env[SHIFTS] = LineShifts()
    state.src, cuts = cut(state.src, state.md.options[_KEY], shifts)
    if cuts:
        state.env[_KEY] = _Placeholders(cuts, state.src)


@dataclass(slots=True)
class _Placeholders:
    """The placeholders of a text, by number."""

    cuts: Sequence[Cut]
    text: str
    ends: dict[int, int] = field(init=False)
    """The place of each container's end in the text."""

    def __post_init__(self) -> None:
        closing = {placeholder(one.pair): one.pair for one in self.cuts if one.meaning.opens}
        self.ends = {}
        for found in PLACEHOLDER.finditer(self.text) if closing else ():
            if found[0] in closing:
                self.ends[closing[found[0]]] = found.start()

    def restored(self, text: str) -> str:
        """Put back what was cut out, as it was written."""
        return PLACEHOLDER.sub(lambda found: self._cut(found).raw, text)

    def resolved(self, target: str) -> str:
        """Fill the placeholders in a link's target."""
        return PLACEHOLDER.sub(lambda found: self._cut(found).meaning.target, target)

    def tokens(self, text: str) -> Iterator[Token]:
        """Split a text at its placeholders into tokens for a sentence."""
        done = 0
        for found in PLACEHOLDER.finditer(text):
            yield words(text[done : found.start()])
            yield from self._cut(found).meaning.tokens
            done = found.end()
        yield words(text[done:])

    def end_line(self, one: Cut, state: StateBlock, start: int, end: int) -> int | None:
        """Find the line that ends a container; None if it lies outside the block around."""
        at = self.ends.get(one.pair, -1) if one.meaning.opens else -1
        line = bisect_right(state.bMarks, at) - 1
        inside = start < line < end and state.sCount[line] >= state.blkIndent
        own = inside and state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        return line if own and own.rstrip() == placeholder(one.pair) else None

    def _cut(self, found: re.Match[str]) -> Cut:
        number = int(found[1][:9])
        return self.cuts[number] if number < len(self.cuts) else Cut(found[0])


def _block_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at, line_end = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    if state.src[at : at + 1] != OPEN or _KEY not in state.env or state.is_code_block(start):
        return False
    line = state.src[at:line_end]
    if not _ALONE.match(line):
        return False
    if not silent:
        cuts = state.env[_KEY].cuts
        numbers = [int(found[1]) for found in PLACEHOLDER.finditer(line)]
        state.line = start + 1
        is_container = len(numbers) == 1 and _push_container(state, cuts[numbers[0]], start, end)
        if not is_container:
            for number in numbers:
                meaning = cuts[number].meaning
                alone = meaning.alone or paragraph("", meaning.tokens)
                alone[0].map = [start, start + 1]
                push(state, alone)
    return True


def _push_container(state: StateBlock, one: Cut, start: int, end: int) -> bool:
    close = state.env[_KEY].end_line(one, state, start, end)
    if close is None:
        return False
    push(state, one.meaning.opening or paragraph("", one.meaning.tokens))
    parse_within(state, start + 1, close, dedented(state, start + 1, close))
    push(state, one.meaning.closing)
    state.line = close + 1
    return True


def _fill(state: StateCore) -> None:
    placeholders: _Placeholders | None = state.env.get(_KEY)
    for token in state.tokens if placeholders else ():
        assert placeholders is not None
        _fill_token(token, placeholders, state.md)


def _fill_token(token: Token, placeholders: _Placeholders, parser: MarkdownIt) -> None:
    for name, value in token.attrs.items():
        if isinstance(value, str):
            token.attrs[name] = placeholders.resolved(value)
    if token.children:
        token.children = list(_filled(token.children, placeholders, parser))
    if token.type == "html_block":
        token.content = _filled_html(token.content, placeholders, parser)
    elif token.type == "html_inline" and not token.content.startswith("<!--"):
        token.content = placeholders.resolved(token.content)
    else:
        token.content = placeholders.restored(token.content)
        token.info = placeholders.restored(token.info)


def _filled(
    children: Sequence[Token], placeholders: _Placeholders, parser: MarkdownIt
) -> Iterator[Token]:
    for child in children:
        if child.type == "text" and OPEN in child.content:
            yield from placeholders.tokens(child.content)
        else:
            _fill_token(child, placeholders, parser)
            yield child


def _filled_html(html: str, placeholders: _Placeholders, parser: MarkdownIt) -> str:
    in_code = False

    def part(found: re.Match[str]) -> str:
        nonlocal in_code
        written = found[0]
        if written.startswith("<!--"):
            return placeholders.restored(written)
        if written.startswith("<"):
            in_code = in_code if found["end"] is None else not found["end"]
            return placeholders.resolved(written)
        if in_code:
            return escape(placeholders.restored(written))
        env: dict[str, Any] = {}
        tokens = list(placeholders.tokens(written))
        return str(parser.renderer.render(tokens, parser.options, env))

    return _HTML_PART.sub(part, html) if OPEN in html else html
