"""Tasks of Obsidian with a status of their own: `- [/] half done`, `- [-] dropped`."""

import re

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make

_SIGNS = {
    "/": "In progress",
    "-": "Dropped",
    ">": "Put off",
    "<": "Scheduled",
    "!": "Important",
    "?": "Question",
    "*": "Starred",
    '"': "Quote",
    "~": "Dropped",
    "+": "Added",
    "=": "In progress",
    "o": "To do",
    "r": "Repeated",
}
_LETTERS = {
    "l": "Place",
    "b": "Bookmark",
    "i": "Note",
    "n": "Note",
    "S": "Savings",
    "I": "Idea",
    "p": "Pro",
    "c": "Con",
    "f": "Fire",
    "k": "Key",
    "w": "Win",
    "u": "Up",
    "d": "Down",
    "D": "Delegated",
    "B": "Blocked",
    "R": "In review",
    "P": "In progress",
}
"""Letters of themes: they mean a status only beside tasks with signs; `[b]` may be a choice."""
_PROBE = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[^ xX\]\w]\][ \t]", re.M)
_PROBE_LETTER = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[ xX]\][ \t]", re.M)
_STATUS = re.compile(r"\[([^\s\]xX])\][ \t]+(?=\S)")


def name_custom_tasks(state: StateCore) -> None:
    """Say the status of a task before its words."""
    has_signs = _PROBE.search(state.src) is not None
    if not has_signs and not _PROBE_LETTER.search(state.src):
        return
    tokens = state.tokens
    for item, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (item.type, paragraph.type) == ("list_item_open", "paragraph_open"):
            _name_status(inline)


def _name_status(inline: Token) -> None:
    first = inline.children[0] if inline.children else None
    if first is None or first.type != "text":
        return
    if found := _STATUS.match(first.content):
        status = (_SIGNS | _LETTERS).get(found[1])
        if status is None and found[1].isalnum():
            return
        first.content = first.content[found.end() :]
        said = make.words(f"{status}: ") if status else make.unspoken("task", found[0])
        inline.children = [said, *(inline.children or ())]
