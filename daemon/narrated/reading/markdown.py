"""Reads Markdown (CommonMark with the extensions of blogs) by way of HTML.

A post may open raw HTML in one block and close it in another, so only its HTML has a clear
structure. The parser writes that HTML, and the HTML reader makes the blocks.
"""

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.html_block import html_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_inline

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.block_lines import NOWHERE, BlockLines, RenderedPiece
from narrated.reading.dialects import registry as dialects
from narrated.reading.dialects.placeholders import SHIFTS
from narrated.reading.document import Blocks, FootnoteMark, InlinePicture, Paragraph, Spans, Text
from narrated.reading.html import fragment
from narrated.reading.html_element_names import KNOWN, MARK, MATH, NOTE, SWALLOWING, UNSPOKEN
from narrated.reading.inline_dispatch import InlineRule, dispatch_by_sign
from narrated.reading.title_tags import keep_tags_as_words

_ANCHOR = re.compile(r"\s*\{(?::?\s*[#.][^{}]{0,200}|-)\}\s*\Z")
_DEEPEST = 100
_BRACKETS = {"link": link, "image": image, "footnote_inline": footnote_inline}
_LAST_BRACKET = -1
"""A key in the parser's cache, which it keeps by position, that the parser never uses."""
_TASK = re.compile(r"\[([ xX])\](?=\s)")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
_INSTRUCTION = re.compile(r"\A\s*<(!\[CDATA\[.*?\]\]|\?.*?\?)>", re.S)
_VERBATIM = re.compile(r"<(?:pre|code|script|style|textarea|!--)", re.I)
_WHOLE = frozenset({"fence", "code_block"})
"""Blocks whose lines are not those of what is written for them."""
_FORMULA = re.compile(r"[\\^_={}<>+]|^\w$")


def blocks(
    text: str,
    name: str,
    off: frozenset[str] = frozenset(),
    places: BlockLines | None = None,
) -> tuple[Blocks, ...]:
    """Return the blocks of a Markdown text; raises SourceError if it nests too deeply.

    `off` are the dialects that do not apply; `places` gets the lines of the blocks.
    """
    places = places or BlockLines()
    return fragment(_html(text, name, off, places), name, places)


def inline_spans(
    text: str, name: str, off: frozenset[str] = frozenset(), *, is_title: bool = False
) -> tuple[Spans, ...]:
    """Return the spans of one line of Markdown; its pictures are left out.

    In a title, tags are words, unless a pair of them formats words.
    """
    parser = _parser(off)
    environment: dict[str, Any] = {}
    tokens = parser.parseInline(text, environment)
    if is_title:
        keep_tags_as_words(tokens)
    _escape_false_tags(tokens)
    html = str(parser.renderer.render(tokens, parser.options, environment))
    read = fragment(f"<p>{html}</p>", name)
    spans = [each for block in read if isinstance(block, Paragraph) for each in block.spans]
    left = tuple(each for each in spans if not isinstance(each, InlinePicture | FootnoteMark))
    return left or (Text(text),)


def rendered(tokens: Sequence[Token], off: frozenset[str] = frozenset()) -> str:
    """Write tokens of a sentence as HTML."""
    parser = _parser(off)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _html(text: str, name: str, off: frozenset[str], places: BlockLines) -> str:
    parser = _parser(off)
    environment: dict[str, Any] = {}
    tokens = parser.parse(text, environment)
    # The parser silently drops text that is nested deeper than its limit.
    if any(token.level + 1 >= _DEEPEST for token in tokens):
        problem = f"{printable(name)} nests its lists or quotations too deeply."
        raise SourceError(problem, "Flatten them.")
    _escape_false_tags(tokens)
    _mark_tasks(tokens)
    _drop_anchors(tokens)
    renderer = _MarkdownRenderer(parser)
    html = renderer.render_with_lines(tokens, parser.options, environment, places)
    return html + _inline_notes(parser, environment)


def _drop_anchors(tokens: Sequence[Token]) -> None:
    """Drop the attributes that Pandoc and Kramdown write after a heading: `{#name .class}`."""
    for opening, inline in pairwise(tokens):
        last = inline.children[-1] if inline.children else None
        if opening.type == "heading_open" and last and last.type == "text":
            last.content = _ANCHOR.sub("", last.content)


@lru_cache(maxsize=4)
def _parser(off: frozenset[str]) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    # We fetch nothing, so no address is dangerous; a refused one would be read as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    # Notes stay in place: at the end, the parser would drop the notes without a mark.
    parser.use(footnote_plugin, move_to_end=False)
    parser.use(deflist_plugin)
    parser.use(
        dollarmath_plugin,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    parser.core.ruler.at("normalize", _normalize)
    for name, rule in _BRACKETS.items():
        parser.inline.ruler.at(name, _bounded_by_last_bracket(rule))
    interrupted = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("html_block", _html_block, {"alt": interrupted})
    dialects.extend(parser, off)
    dispatch_by_sign(parser)
    # After the plugins, which set renderers of their own.
    parser.renderer = _MarkdownRenderer(parser)
    return parser


def _normalize(state: StateCore) -> None:
    """Write line ends and zeros as the parser's own rule does, without a search for each."""
    text = state.src.replace("\r\n", "\n").replace("\r", "\n")
    state.src = text.replace("\0", "\ufffd")


def _bounded_by_last_bracket(rule: InlineRule) -> InlineRule:
    """Let a rule search for a closing bracket only before the last one: else it is quadratic."""

    def bounded(state: StateInline, silent: bool) -> bool:
        last = state.cache.get(_LAST_BRACKET)
        if last is None:
            last = state.cache[_LAST_BRACKET] = state.src.rfind("]")
        return state.pos < last and rule(state, silent)

    return bounded


def _mark_tasks(tokens: Sequence[Token]) -> None:
    """Write a task's checkbox as HTML (the plugin for it is slow on a long list)."""
    for item, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (item.type, paragraph.type) != ("list_item_open", "paragraph_open"):
            continue
        children = inline.children or [inline]
        first = children[0]
        if first.type == "text" and (box := _TASK.match(inline.content)):
            first.content = first.content[box.end() :]
            done = "" if box[1] == " " else " checked"
            written = Token("html_inline", "", 0, content=f'<input type="checkbox"{done}>')
            inline.children = [written, *children]


def _inline_notes(parser: MarkdownIt, environment: MutableMapping[str, Any]) -> str:
    notes = environment.get("footnotes", {}).get("list", {})
    renderer, written = _MarkdownRenderer(parser), []
    for number, note in list(notes.items()):
        if "tokens" in note:
            _escape_false_inline_tags(note["tokens"])
            inner = renderer.renderInline(note["tokens"], parser.options, environment)
            written.append(f"{_opening(NOTE, f'inline-{number}')}<p>{inner}</p></{NOTE}>\n")
    return "".join(written)


class _MarkdownRenderer(RendererHTML):
    """Writes our own elements where HTML has none; one method for each kind of token."""

    def render_with_lines(
        self, tokens: Sequence[Token], options: Any, env: Any, places: BlockLines
    ) -> str:
        """Write tokens, and tell which lines of the text stand where."""
        line, written = 1, []
        pieces: list[RenderedPiece] = []
        latest: tuple[int, list[int]] | None = None
        for at, token in enumerate(tokens):
            if token.type == "inline":
                html = self.renderInline(token.children or (), options, env)
            else:
                html = self.rules.get(token.type, self.renderToken)(tokens, at, options, env)
            if token.map and token.map[1] > token.map[0]:
                piece = line + html.startswith("\n"), token.map
                if piece != latest:  # a paragraph's tag and its words are one
                    latest = piece
                    lines = token.map[0] + 1, token.map[1]
                    pieces.append(RenderedPiece(piece[0], lines, token.type in _WHOLE))
            written.append(html)
            line += html.count("\n")
        pieces.append(RenderedPiece(line, NOWHERE))  # inline notes come next
        places.set_rendered(pieces)
        if SHIFTS in env:
            places.add_shifts(env[SHIFTS])
        return "".join(written)

    def footnote_reference_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return _opening(NOTE, tokens[at].meta["label"])

    def footnote_reference_close(self, *_: object) -> str:
        return f"</{NOTE}>\n"

    def footnote_ref(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        meta = tokens[at].meta
        label = meta.get("label") or f"inline-{meta['id']}"
        return f"{_opening(MARK, label)}</{MARK}>"

    def math_inline(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        text, sign = tokens[at].content, tokens[at].markup
        if not _FORMULA.search(text):  # `$HOME:$PATH`, and other dollars without mathematics
            return escape(f"{sign}{text}{sign}")
        return f"<{MATH}>{escape(text)}</{MATH}>"

    def math_block(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f"<p><{MATH}>{escape(tokens[at].content)}</{MATH}></p>\n"

    math_block_label = math_block
    math_inline_double = math_inline

    def unspoken(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        token = tokens[at]
        kind, reason = (escape(token.meta[key]) for key in ("kind", "reason"))
        text = escape(token.content)
        return f'<{UNSPOKEN} kind="{kind}" reason="{reason}">{text}</{UNSPOKEN}>'


def _opening(name: str, label: str) -> str:
    return f'<{name} label="{escape(label)}">'


def _html_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse raw HTML as CommonMark does, but let code begin after it, and end within it.

    Highlighted code that is pasted into a post often has an empty line. By CommonMark the <pre>
    would then stay open, and swallow the rest of the post, as it does in a browser. A fence right
    under a `<br>` or a `<div>` would be text of the HTML; its author means code.
    """
    fence = None if silent else _fence_within(state, start, end)
    if not html_block(state, start, fence or end, silent):
        return False
    if not silent and _leaves_code_open(state.tokens[-1].content):
        state.line = _end_of_code(state, end) or state.line
        content = state.getLines(start, state.line, state.blkIndent, True)
        state.tokens[-1].content = f"{content}</pre>" if _leaves_code_open(content) else content
        state.tokens[-1].map = [start, state.line]
    return True


def _fence_within(state: StateBlock, start: int, end: int) -> int | None:
    """Return the line before an empty one where fenced code begins that has an end, too."""
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not first.startswith("<") or first.startswith(("<!", "<?")) or _VERBATIM.search(first):
        return None
    for line in range(start + 1, end):
        at = state.bMarks[line] + state.tShift[line]
        if state.isEmpty(line):
            return None
        if state.src.startswith(("```", "~~~"), at):
            sign = state.src[at : at + 3]
            return line if _has_fence_after(state, sign, line + 1, end) else None
        if _VERBATIM.search(state.src, at, state.eMarks[line]):
            return None
    return None


def _has_fence_after(state: StateBlock, sign: str, start: int, end: int) -> bool:
    """Search each kind of fence once from the end: a thousand open ones would be quadratic."""
    key = f"last {sign} before {end}"
    if key not in state.env:
        lines = range(end - 1, -1, -1)
        places = (state.bMarks[line] + state.tShift[line] for line in lines)
        found = (
            end - 1 - at for at, place in enumerate(places) if state.src.startswith(sign, place)
        )
        state.env[key] = next(found, -1)
    return int(state.env[key]) >= start


def _leaves_code_open(html: str) -> bool:
    lower = html.lower()
    return lower.rfind("<pre") > lower.rfind("</pre")


def _end_of_code(state: StateBlock, end: int) -> int | None:
    # Search once: a thousand open <pre> would take quadratic time.
    if state.env.get("no code ends"):
        return None
    for line in range(state.line, end):
        if "</pre" in state.src[state.bMarks[line] : state.eMarks[line]].lower():
            return line + 1
    state.env["no code ends"] = True
    return None


def _escape_false_tags(tokens: Sequence[Token]) -> None:
    """Escape raw HTML that the HTML reader would take for more than Markdown means."""
    for token in tokens:
        if token.type == "html_block":
            token.content = _INSTRUCTION.sub(_comment, _escape_unfinished(token.content), count=1)
        _escape_false_inline_tags(token.children or ())


def _escape_unfinished(html: str) -> str:
    """Escape an unfinished tag, which would swallow the text after its block."""
    found = _TAG.search(html, html.rfind(">") + 1)
    return html[: found.start()] + escape(html[found.start() :]) if found else html


def _escape_false_inline_tags(tokens: Sequence[Token]) -> None:
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
    lone = name in SWALLOWING and name not in closed
    # `<is-land>…</is-land>` is an element of the site; `<your-name>` is a word.
    own = "-" in name and name in closed
    if lone or not (own or name in KNOWN):
        token.type = "text"


def _comment(found: re.Match[str]) -> str:
    # In HTML an instruction ends at its first `>`, and the rest of it would be read as text.
    return f"<!--{found[1].replace('--', '- -')}-->"
