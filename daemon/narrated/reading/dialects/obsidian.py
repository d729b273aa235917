"""Obsidian: callouts (`> [!note] Title`), which are GitHub's alerts too."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make

_CALLOUT = re.compile(r"\[!([\w -]{1,40})(?:\|[^\]\n]{0,80})?\][+-]?[ \t]*([^\n]*)(?:\n|\Z)")


def extend(parser: MarkdownIt) -> None:
    """Read callouts as admonitions."""
    parser.core.ruler.after("block", "callouts", _callouts)


def _callouts(state: StateCore) -> None:
    """Make admonitions of the quotations that begin with a callout's name."""
    if "[!" not in state.src:
        return
    done: list[Token] = []
    quotes: list[bool] = []
    skip_to = -1
    for at, token in enumerate(state.tokens):
        if at < skip_to:
            continue
        if token.type == "blockquote_open":
            found = _callout_at(state.tokens, at)
            quotes.append(bool(found))
            if found:
                done += make.admonition_open(found[1].strip().lower(), found[2])
                rest = state.tokens[at + 2].content[found.end() :]
                state.tokens[at + 2].content = rest
                skip_to = at + (1 if rest.strip() else 4)
                continue
        if token.type == "blockquote_close" and quotes.pop():
            token = make.admonition_close()
        done.append(token)
    state.tokens = done


def _callout_at(tokens: list[Token], at: int) -> re.Match[str] | None:
    if at + 2 >= len(tokens) or tokens[at + 2].type != "inline":
        return None
    is_first = tokens[at + 1].type == "paragraph_open"
    return _CALLOUT.match(tokens[at + 2].content) if is_first else None
