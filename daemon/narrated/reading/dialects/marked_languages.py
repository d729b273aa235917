"""Languages in attributes: `{lang=fr}` after an element, at a block's end, or beside a block.

A dialect leaves a mark where it reads such attributes. After parsing, each mark becomes the `lang`
of the element that it stands for, as in HTML.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.dialects.pandoc_attributes import Attributes, parse_attributes

_MARK = "language"
_ON_A_LINE = ("heading_open", "th_open", "td_open")
"""Blocks that attributes at the end of their one line belong to."""


def add_marked_languages(parser: MarkdownIt) -> None:
    """Have a parser put marks of languages onto their elements; twice is once."""
    if _MARK not in parser.core.ruler.get_all_rules():
        parser.core.ruler.push(_MARK, _apply_marks)


def language_mark(attributes: str) -> tuple[Token, ...]:
    """Make the mark of a language that attributes name; none without one."""
    language = language_of(parse_attributes(attributes))
    if language is None:
        return ()
    return (Token(_MARK, "", 0, meta={"language": language}, hidden=True),)


def language_of(attributes: Attributes) -> str | None:
    """Return the language that attributes name, as written; None if they name none."""
    return attributes.values.get("lang", attributes.values.get("xml:lang"))


def in_language(tokens: Sequence[Token], language: str | None, tag: str) -> list[Token]:
    """Put tokens into an element of a language: a `span` in a sentence, a `div` of blocks."""
    if language is None:
        return list(tokens)
    is_block, level = tag == "div", tokens[0].level if tokens else 0
    opening = Token(f"{tag}_open", tag, 1, attrs={"lang": language}, block=is_block, level=level)
    closing = Token(f"{tag}_close", tag, -1, block=is_block, level=level)
    return [opening, *tokens, closing]


def _apply_marks(state: StateCore) -> None:
    for at, token in enumerate(state.tokens):
        if token.children and any(child.type == _MARK for child in token.children):
            _apply_marks_of(state.tokens, at, token.children)


def _apply_marks_of(tokens: Sequence[Token], at: int, children: Sequence[Token]) -> None:
    """Apply the marks of a block: to an element before them, the block, or one beside it."""
    is_last = True
    for place in range(len(children) - 1, -1, -1):
        child = children[place]
        if child.type != _MARK:
            is_last = is_last and not _is_heard(child)
        elif (end := _end_before(children, place)) is not None:
            _set_language(_opening(children, end), child.meta["language"])
        elif is_last:  # the last one alone may be of the block
            is_last = False
            _set_language(_block(tokens, at, children[:place]), child.meta["language"])


def _end_before(children: Sequence[Token], place: int) -> int | None:
    """Find the end of an element right before a mark: a placeholder leaves an empty text there."""
    for at in (place - 1, place - 2):
        if at >= 0 and children[at].nesting < 0:
            return at
        if at < 0 or children[at].type != "text" or children[at].content:
            return None
    return None


def _block(tokens: Sequence[Token], at: int, before: Sequence[Token]) -> Token | None:
    """Find the block of a mark at the end of a text, by the parts of the text before the mark."""
    if not any(map(_is_heard, before)):
        return _beside(tokens, at - 1)
    around = tokens[at - 1]
    if around.type not in _ON_A_LINE and not _begins_line(before):
        return None
    for token in (around, tokens[at + 1]):
        token.hidden = False  # a tight list hides paragraphs
    return around


def _begins_line(children: Sequence[Token]) -> bool:
    before = (child for child in reversed(children) if not _is_silent(child))
    return next((child.type in ("softbreak", "hardbreak") for child in before), False)


def _is_silent(token: Token) -> bool:
    return token.type in (_MARK, "unspoken") or (token.type == "text" and not token.content.strip())


def _is_heard(token: Token) -> bool:
    return token.type not in ("softbreak", "hardbreak") and not _is_silent(token)


def _beside(tokens: Sequence[Token], at: int) -> Token | None:
    """Find the block beside a paragraph of attributes: that right above, or else right below."""
    line = tokens[at].map
    if line is None:
        return None
    above = _opening(tokens, at - 1) if at and tokens[at - 1].nesting < 0 else None
    if above is not None and above.map and above.map[1] == line[0]:
        above.hidden = tokens[at - 1].hidden = False
        return above
    below = tokens[at + 3] if at + 3 < len(tokens) else None
    is_next = below is not None and below.nesting > 0 and bool(below.map)
    return below if is_next and below and below.map and below.map[0] == line[1] else None


def _opening(tokens: Sequence[Token], at: int) -> Token | None:
    """Find the token that opens what the one at a place closes."""
    depth = 0
    for token in (tokens[place] for place in range(at, -1, -1)):
        depth -= token.nesting
        if depth == 0:
            return token
    return None


def _set_language(opening: Token | None, language: str) -> None:
    if opening is not None:
        opening.attrs["lang"] = language
