"""Tasks of Obsidian with a status of their own: `- [/] half done`, `- [-] dropped`."""

import re
from collections.abc import Iterator

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
_BOX = re.compile(r"\[([^\]])\][ \t]")
_LEAD = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_STATUS = re.compile(r"\[([^\s\]xX])\][ \t]+(?=\S)")


def name_custom_tasks(state: StateCore) -> None:
    """Say the status of a task before its words."""
    if not any(sign in " xX" or not _is_word(sign) for sign in _boxes(state.src)):
        return
    tokens = state.tokens
    for item, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (item.type, paragraph.type) == ("list_item_open", "paragraph_open"):
            _name_status(inline)


def _boxes(text: str) -> Iterator[str]:
    """Yield the sign in each box that begins an item; only the first box of a line can."""
    done = 0
    for found in _BOX.finditer(text):
        line = text.rfind("\n", done, found.start()) + 1
        if (line or not done) and _LEAD.fullmatch(text, line, found.start()):
            yield found[1]
        done = found.end()


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


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
