"""Tokens that dialects write: what is silent, admonitions, pictures, words, code."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from narrated.reading.html_element_names import ADMONITION, ADMONITION_TITLE

Tokens = tuple[Token, ...]


def push(state: StateBlock, tokens: Sequence[Token]) -> None:
    """Add tokens to a parser's output at its level."""
    for token in tokens:
        state.level += min(0, token.nesting)
        token.level = state.level
        state.level += max(0, token.nesting)
        if token.map is None and token.nesting >= 0:
            token.map = [state.line, state.line + 1]
    state.tokens.extend(tokens)


def comes_after(env: MutableMapping[str, Any], text: str, sign: str, place: int) -> bool:
    """True if a sign comes after a place in a text; it is searched once, however often asked."""
    known = env.setdefault("last signs", {})
    if known.get("text") is not text:
        known.clear()
        known["text"] = text
    if sign not in known:
        known[sign] = text.rfind(sign)
    return bool(known[sign] > place)


def unspoken(kind: str, text: str, reason: str = "") -> Token:
    """Make a silent token, in a sentence or between blocks; it is listed with its reason."""
    meta = {"kind": kind, "reason": reason or "markup that a reader does not see"}
    return Token("unspoken", "", 0, content=text, meta=meta)


def words(text: str) -> Token:
    """Make plain words, in a sentence."""
    return Token("text", "", 0, content=text)


def inline(text: str, children: Sequence[Token] | None = None) -> Token:
    """Make the content of a block: text that the parser reads next, or tokens in its place."""
    return Token("inline", "", 0, content=text, map=[0, 0], children=list(children or ()))


def paragraph(text: str, children: Sequence[Token] | None = None) -> Tokens:
    """Make a paragraph of text, which the parser reads next, or of tokens."""
    return (
        Token("paragraph_open", "p", 1, block=True),
        inline(text, children),
        Token("paragraph_close", "p", -1, block=True),
    )


def picture(source: str, alt: str = "", title: str = "") -> Token:
    """Make a picture, in a sentence."""
    attrs: dict[str, str | int | float] = {"src": source, "alt": ""}
    if title:
        attrs["title"] = title
    return Token("image", "img", 0, attrs=attrs, content=alt, children=[words(alt)])


def formula(text: str) -> Token:
    """Make a formula, in a sentence; alone it is a block."""
    return Token("math_inline", "math", 0, content=f"\\displaystyle {text.strip()}", markup="$")


def linked(text: str, target: str) -> Tokens:
    """Make linked words, in a sentence."""
    return (
        Token("link_open", "a", 1, attrs={"href": target}),
        words(text),
        Token("link_close", "a", -1),
    )


def code_span(text: str) -> Token:
    """Make code, in a sentence."""
    return Token("code_inline", "code", 0, content=text, markup="`")


def code_block(text: str, language: str = "") -> Token:
    """Make a block of code."""
    return Token("fence", "code", 0, content=text, info=language, markup="```", block=True)


def quote_open() -> Token:
    """Open a quotation."""
    return Token("blockquote_open", "blockquote", 1, block=True)


def quote_close() -> Token:
    """Close a quotation."""
    return Token("blockquote_close", "blockquote", -1, block=True)


def admonition_open(kind: str, title: str = "") -> Tokens:
    """Open an admonition (a note, a warning), with a title that the parser reads next."""
    opening = Token("admonition_open", ADMONITION, 1, attrs={"kind": kind}, block=True)
    if not title.strip():
        return (opening,)
    return (
        opening,
        Token("admonition_title_open", ADMONITION_TITLE, 1, block=True),
        inline(title.strip()),
        Token("admonition_title_close", ADMONITION_TITLE, -1, block=True),
    )


def admonition_close() -> Token:
    """Close an admonition."""
    return Token("admonition_close", ADMONITION, -1, block=True)
