"""A rule: where something is written that is no word, and how it is said."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

Say = str | Callable[[re.Match[str]], str]

DIGITS = frozenset("0123456789")
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
"""3; 1,234; 3.14; .5"""
UNJOINED = r"(?<![\w.,/])(?<![\w]-)"
"""No part of something longer stands before."""

_WORD_BEFORE = re.compile(r"([\w'’.]+)[\s(“\"]*\Z")
_WORD_AFTER = re.compile(r"[\s-]*([A-Za-z]+)")
_SENTENCE_GOES_ON = re.compile(r"[\"'”’)\]]*(?:\s+[^\sA-Z“\"(]|[.,;:!?])")
_SENTENCE_BEGINS = re.compile(r"(?:\A|[.!?…:]\s+|\n)[\"'“‘(\[]*\Z")


class Rule(NamedTuple):
    """`signs` are characters one of which every match holds: without them nothing is looked for."""

    pattern: re.Pattern[str]
    say: Say
    signs: frozenset[str] = frozenset()


def rule(pattern: str, say: Say, signs: Iterable[str] = (), flags: int = 0) -> Rule:
    """Compile a rule."""
    return Rule(re.compile(pattern, flags), say, frozenset(signs))


def either(words: Iterable[str]) -> str:
    """Give a pattern for any of these, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def names(text: str) -> frozenset[str]:
    """Take the words of a list."""
    return frozenset(text.split())


def word_before(found: re.Match[str]) -> str:
    """Give the word just before a match, as it is written; empty at a sentence's beginning."""
    before = _WORD_BEFORE.search(found.string, max(0, found.start() - 40), found.start())
    return before[1] if before else ""


def word_after(found: re.Match[str]) -> str:
    """Give the word just after a match."""
    after = _WORD_AFTER.match(found.string, found.end())
    return after[1] if after else ""


def begins_sentence(text: str, at: int) -> bool:
    """Tell whether a sentence begins here."""
    return bool(_SENTENCE_BEGINS.search(text, max(0, at - 8), at)) if at else True


def stop(found: re.Match[str]) -> str:
    """Give the full stop that an abbreviation shares with its sentence, where that ends here."""
    if not found[0].endswith("."):
        return ""
    return "" if _SENTENCE_GOES_ON.match(found.string, found.end()) else "."
