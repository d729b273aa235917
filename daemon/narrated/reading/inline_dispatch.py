"""Lets the parser try only those inline rules that begin with the sign at a place.

The parser tries each rule at each sign, and dialects have many. Their order stays.
"""

from collections.abc import Callable, Iterable

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

InlineRule = Callable[[StateInline, bool], bool]

_BEGINNINGS = {
    "newline": "\n",
    "escape": "\\",
    "backticks": "`",
    "strikethrough": "~",
    "emphasis": "*_",
    "link": "[",
    "image": "!",
    "autolink": "<",
    "html_inline": "<",
    "entity": "&",
    "math_inline": "$",
    "footnote_inline": "^",
    "footnote_ref": "[",
    "critic_markup": "{",
    "tex_formula": "\\",
    "tex_command": "\\",
    "emoji_code": ":",
    "paired ^": "^",
    "paired =": "=",
    "pandoc": "[@\\{^~",
}
"""The signs that a rule begins with; a rule without an entry is tried at each sign."""
_TEXT = "text"
"""The rule for all between two signs; it stays the first."""


def dispatch_by_sign(parser: MarkdownIt) -> None:
    """Put one rule in the place of all inline rules but the one for text."""
    ruler = parser.inline.ruler
    rules = list(zip(ruler.get_active_rules(), ruler.getRules(""), strict=True))
    if rules[0][0] == _TEXT:
        ruler.push("by_sign", _by_sign(rules[1:]))
        ruler.enableOnly([_TEXT, "by_sign"])


def _by_sign(rules: Iterable[tuple[str, InlineRule]]) -> InlineRule:
    signs = set("".join(_BEGINNINGS.values()))
    by_sign = {
        sign: tuple(rule for name, rule in rules if sign in _BEGINNINGS.get(name, sign))
        for sign in signs
    }
    others = tuple(rule for name, rule in rules if name not in _BEGINNINGS)

    def apply(state: StateInline, silent: bool) -> bool:
        return any(rule(state, silent) for rule in by_sign.get(state.src[state.pos], others))

    return apply
