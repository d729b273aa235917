"""Raw HTML in Markdown: tells tags from text that only looks like one, and ends open code."""

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
    """Parse raw HTML as CommonMark does, but do not end a <pre> at an empty line in its code.

    Highlighted code that is pasted into a post often has an empty line. By CommonMark the <pre>
    would then stay open, and swallow the rest of the post, as it does in a browser.
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
    if state.env.get(
        "no code ends"
    ):  # search once: a thousand open <pre> would take quadratic time
        return None
    for line in range(state.line, end):
        if "</pre" in state.src[state.bMarks[line] : state.eMarks[line]].lower():
            return line + 1
    state.env["no code ends"] = True
    return None


def escape_false_tags(tokens: Sequence[Token]) -> None:
    """Escape raw HTML that the HTML reader would take for more than Markdown means."""
    for token in tokens:
        if token.type == "html_block":
            token.content = _INSTRUCTION.sub(_comment, _escape_unfinished(token.content), count=1)
        escape_false_inline_tags(token.children or ())


def _escape_unfinished(html: str) -> str:
    """Escape an unfinished tag, which would swallow the text after its block."""
    found = _TAG.search(html, html.rfind(">") + 1)
    return html[: found.start()] + escape(html[found.start() :]) if found else html


def escape_false_inline_tags(tokens: Sequence[Token]) -> None:
    """Turn text that only looks like a tag (`List<String>`, a lone `<script>`) into words."""
    closed: set[str] = set()
    for token in reversed(tokens):
        if token.type != "html_inline":
            continue
        if found := _TAG.match(token.content):
            _escape_tag(token, found[1].lower(), closed)
        else:
            token.content = _INSTRUCTION.sub(_comment, token.content)


def _escape_tag(token: Token, name: str, closed: set[str]) -> None:
    if token.content.startswith("</"):
        closed.add(name)
    lone = name in html_elements.SWALLOWING and name not in closed
    if lone or name not in html_elements.KNOWN:
        token.type = "text"


def _comment(found: re.Match[str]) -> str:
    # In HTML an instruction ends at its first `>`, and the rest of it would be read as text.
    return f"<!--{found[1].replace('--', '- -')}-->"
