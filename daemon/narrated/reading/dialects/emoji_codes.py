"""Emoji codes: `:tada:` is read by its name; icons such as `:material-check:` are silent."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from narrated.reading.dialects import tokens as make

_CODE = re.compile(r":(?P<name>[a-z0-9_+-]{1,50}):(?P<style>\{[^{}\n]{0,80}\})?", re.I)
_ICON = re.compile(r"(?:material|fontawesome|octicons|simple|mdi|fa|bi)-[\w-]+")
_END_OF_LAST = -3
"""A key in the parser's cache, which it keeps by position, that the parser never uses."""


def extend(parser: MarkdownIt) -> None:
    """Read the codes of emoji."""
    parser.inline.ruler.before("escape", "emoji_code", _code)


def _code(state: StateInline, silent: bool) -> bool:
    found = _CODE.match(state.src, state.pos) if state.src[state.pos] == ":" else None
    if found is None or not _begins_apart(state):
        return False
    sign = emoji_of(found["name"])
    is_icon = _ICON.fullmatch(found["name"]) is not None
    end = found.end() if is_icon else found.end("name") + 1
    if not (sign or is_icon) or state.src[end : end + 1].isalnum():
        return False
    if not silent:
        if state.pending:
            state.pushPending()
        icon = make.unspoken("icon", found[0], "an icon")
        state.tokens.append(make.words(sign) if sign else icon)
    state.cache[_END_OF_LAST] = end
    state.pos = end
    return True


def _begins_apart(state: StateInline) -> bool:
    """True unless a word, a number or a colon stands before, as in `12:30:45` and `a::b::c`."""
    before = state.src[state.pos - 1] if state.pos else ""
    if state.cache.get(_END_OF_LAST) == state.pos:
        return True
    return not before or not (before.isalnum() or before in ":/_")


def emoji_of(name: str) -> str:
    """Return the sign of a code; "" if there is none."""
    import emoji  # late: most texts need none

    code = f":{name.lower()}:"
    sign = emoji.emojize(code, language="alias")
    return "" if sign == code else sign
