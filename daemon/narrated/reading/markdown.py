"""Markdown: CommonMark with tables, footnotes and formulas, read through the HTML it means.

A post may hold raw HTML anywhere, opened in one block and closed in another, so its meaning is
the page that it becomes: the parser writes that page, and the page's reader makes the blocks.
"""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.html_block import html_block
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading import elements
from narrated.reading.document import Blocks
from narrated.reading.markup import fragment

_DEEPEST = 100
_MAY_INTERRUPT = ["paragraph", "reference", "blockquote"]
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
_FORMULA = re.compile(r"[\\^_={}<>+]|^\w$")


def blocks(text: str, name: str) -> tuple[Blocks, ...]:
    """Give the blocks of a Markdown text; raises SourceError where it nests too deeply."""
    return fragment(_html(text, name), name)


def _html(text: str, name: str) -> str:
    parser = _parser()
    environment: dict[str, Any] = {}
    tokens = parser.parse(text, environment)
    # The parser drops, without a word, what is nested deeper than its bound.
    if any(token.level + 1 >= _DEEPEST for token in tokens):
        problem = f"{printable(name)} nests its lists or quotations too deeply."
        raise SourceError(problem, "Flatten them.")
    for token in tokens:
        _spell_out(token.children or ())
    html = str(parser.renderer.render(tokens, parser.options, environment))
    return html + _inline_notes(parser, environment)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    # Notes stay where they are written: moved to the end, the uncalled ones would be lost.
    parser.use(footnote_plugin, move_to_end=False)
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, allow_blank_lines=False)
    parser.block.ruler.at("html_block", _html_block, {"alt": _MAY_INTERRUPT})
    parser.renderer = _Page(parser)  # after the plugins, which bring renderers of their own
    return parser


def _html_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
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


def _spell_out(tokens: Sequence[Token]) -> None:
    """Turn what only looks like a tag (`List<String>`, a lone `<script>`) back into words."""
    closed: set[str] = set()
    for token in reversed(tokens):
        if token.type != "html_inline" or not (found := _TAG.match(token.content)):
            continue
        name = found[1].lower()
        if token.content.startswith("</"):
            closed.add(name)
        lone = name in elements.SWALLOWING and name not in closed
        if lone or name not in elements.KNOWN:
            token.type = "text"


def _inline_notes(parser: MarkdownIt, environment: MutableMapping[str, Any]) -> str:
    notes = environment.get("footnotes", {}).get("list", {})
    written = []
    for number, note in list(notes.items()):
        if "tokens" in note:
            _spell_out(note["tokens"])
            inner = _Page(parser).renderInline(note["tokens"], parser.options, environment)
            written.append(f"{_element(elements.NOTE, f'inline-{number}')}<p>{inner}</p>")
            written.append(f"</{elements.NOTE}>\n")
    return "".join(written)


class _Page(RendererHTML):
    """Writes our own elements for what HTML has none for; a method for each kind of token."""

    def footnote_reference_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return _element(elements.NOTE, tokens[at].meta["label"])

    def footnote_reference_close(self, *_: object) -> str:
        return f"</{elements.NOTE}>\n"

    def footnote_ref(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        meta = tokens[at].meta
        label = meta.get("label") or f"inline-{meta['id']}"
        return f"{_element(elements.MARK, label)}</{elements.MARK}>"

    def math_inline(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        text = tokens[at].content
        if not _FORMULA.search(text):  # `$HOME:$PATH`, and other dollars without mathematics
            return escapeHtml(f"${text}$")
        return f"{_element(elements.MATH)}{escapeHtml(text)}</{elements.MATH}>"

    def math_block(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        text = escapeHtml(tokens[at].content)
        return f"<p>{_element(elements.MATH)}{text}</{elements.MATH}></p>\n"

    math_block_label = math_block


def _element(name: str, label: str = "") -> str:
    return f'<{name} label="{escapeHtml(label)}">'
