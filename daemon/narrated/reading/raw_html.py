"""Raw HTML between Markdown: what is a tag, what only looks like one, and where code ends."""

import re
from collections.abc import Sequence
from html import escape

from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.html_block import html_block
from markdown_it.token import Token

from narrated.reading import html_elements

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
_INSTRUCTION = re.compile(r"\A\s*<(!\[CDATA\[.*?\]\]|\?.*?\?)>", re.S)


def block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read raw HTML as CommonMark does, but leave no <pre> open at an empty line in its code.

    Highlighted code pasted into a post often has one, and would else take the whole rest of the
    post with it, as it does in a browser.
    """
    if not html_block(state, start, end, silent):
        return False
    if not silent and _leaves_code_open(state.tokens[-1].content):
        state.line = _end_of_code(state, end) or state.line
        content = state.getLines(start, state.line, state.blkIndent, True)
        state.tokens[-1].content = f"{content}</pre>" if _leaves_code_open(content) else content
        state.tokens[-1].map = [start, state.line]
    return True


def _leaves_code_open(html: str) -> bool:
    lower = html.lower()
    return lower.rfind("<pre") > lower.rfind("</pre")


def _end_of_code(state: StateBlock, end: int) -> int | None:
    if state.env.get("no code ends"):  # asked once: else a thousand open <pre> are a bomb
        return None
    for line in range(state.line, end):
        if "</pre" in state.src[state.bMarks[line] : state.eMarks[line]].lower():
            return line + 1
    state.env["no code ends"] = True
    return None


def settle(tokens: Sequence[Token]) -> None:
    """Leave as HTML what a page's reader takes as Markdown means it; the rest becomes words."""
    for token in tokens:
        if token.type == "html_block":
            token.content = _INSTRUCTION.sub(_comment, _ended(token.content), count=1)
        settle_inline(token.children or ())


def _ended(html: str) -> str:
    """Make words of a tag without end, which would take in what comes after its block."""
    found = _TAG.search(html, html.rfind(">") + 1)
    return html[: found.start()] + escape(html[found.start() :]) if found else html


def settle_inline(tokens: Sequence[Token]) -> None:
    """Turn what only looks like a tag (`List<String>`, a lone `<script>`) back into words."""
    closed: set[str] = set()
    for token in reversed(tokens):
        if token.type != "html_inline":
            continue
        if found := _TAG.match(token.content):
            _settle_tag(token, found[1].lower(), closed)
        else:
            token.content = _INSTRUCTION.sub(_comment, token.content)


def _settle_tag(token: Token, name: str, closed: set[str]) -> None:
    if token.content.startswith("</"):
        closed.add(name)
    lone = name in html_elements.SWALLOWING and name not in closed
    if lone or name not in html_elements.KNOWN:
        token.type = "text"


def _comment(found: re.Match[str]) -> str:
    # In a page an instruction ends at its first `>`, and what is left of it would be read.
    return f"<!--{found[1].replace('--', '- -')}-->"
