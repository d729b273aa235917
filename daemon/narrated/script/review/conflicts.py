"""Conflicts between a person's script and the post, which changed since."""

from enum import StrEnum
from itertools import takewhile

import msgspec

from narrated.printable import printable

_SHOWN_CHARACTERS = 120
_BEFORE_CHARACTERS = 40


class ConflictKind(StrEnum):
    """The changes that do not go together."""

    WORDS = "words"  # both changed the line: the post's is said
    GONE = "gone"  # the post lost a line that the person changed: it is not said
    BACK = "back"  # the post changed a line that the person took out: it is said
    NO_BASE = "no base"  # the file lost its last block: it is said as it stands


class Conflict(msgspec.Struct, frozen=True):
    """A line that both the person and the post changed."""

    kind: ConflictKind
    number: int = 0
    """Number of the line in the person's file; 0 if it is not there."""
    yours: str = ""
    post: str = ""


def describe_conflict(conflict: Conflict, name: str = "Your script") -> str:
    """Tell a person about a conflict: where, what was said, and what is said now."""
    where = f"{printable(name)}, line {conflict.number}" if conflict.number else printable(name)
    begin = _first_difference(conflict.yours, conflict.post)
    yours, post = (_shown(text, begin) for text in (conflict.yours, conflict.post))
    told = {
        ConflictKind.WORDS: f"you and the post changed this line. The post's is said: {post}. "
        f"Yours is not: {yours}.",
        ConflictKind.GONE: f"the post has lost this line, so it is not said: {yours}.",
        ConflictKind.BACK: f"you took out a line that the post has changed since. It is said: "
        f"{post}.",
        ConflictKind.NO_BASE: "its last block is gone or damaged, so narrated cannot tell your "
        "changes from the post's. It is said as it stands, and later changes of the post are not.",
    }
    return f"{where}: {told[conflict.kind]}"


def _first_difference(one: str, other: str) -> int:
    """Give the place from which two lines are shown: a little before they differ."""
    equal = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )
    return max(0, one.rfind(" ", 0, max(0, equal - _BEFORE_CHARACTERS)) + 1)


def _shown(text: str, begin: int) -> str:
    before = "…" if begin else ""
    after = "…" if len(text) > begin + _SHOWN_CHARACTERS else ""
    return f"“{before}{printable(text[begin : begin + _SHOWN_CHARACTERS])}{after}”"
