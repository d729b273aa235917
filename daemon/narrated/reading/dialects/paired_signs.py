"""Signs around words, such as `==highlighted==`: the signs are silent, the words stay."""

from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token


def add_paired_sign(parser: MarkdownIt, sign: str) -> None:
    """Have a parser read words between two doubled signs; inside a word they stay signs."""
    name = f"paired {sign}"
    parser.inline.add_terminator_char(sign)
    parser.inline.ruler.before("emphasis", name, _tokenizer(sign))
    parser.inline.ruler2.before("emphasis", name, _dropper(sign))


def _tokenizer(sign: str) -> Callable[[StateInline, bool], bool]:
    def tokenize(state: StateInline, silent: bool) -> bool:
        if silent or state.src[state.pos] != sign:
            return False
        scanned = state.scanDelims(state.pos, False)
        if scanned.length != 2:
            return False
        token = state.push("text", "", 0)
        token.content = sign * 2
        at = len(state.tokens) - 1
        marker = Delimiter(ord(sign), 0, at, -1, scanned.can_open, scanned.can_close)
        state.delimiters.append(marker)
        state.pos += 2
        return True

    return tokenize


def _drop_pair(opening: Token, closing: Token, sign: str) -> None:
    """Make two signs silent; `=` highlights the words between."""
    opening.content = closing.content = ""
    if sign == "=":
        opening.type, opening.tag, opening.nesting = "mark_open", "mark", 1
        closing.type, closing.tag, closing.nesting = "mark_close", "mark", -1


def _dropper(sign: str) -> Callable[[StateInline], None]:
    def drop(state: StateInline) -> None:
        nested = [meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta]
        for delimiters in (state.delimiters, *nested):
            for opening in delimiters:
                if opening.marker == ord(sign) and opening.end != -1:
                    closing = state.tokens[delimiters[opening.end].token]
                    _drop_pair(state.tokens[opening.token], closing, sign)

    return drop
