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


Starts = Callable[[str], list[int]]
"""Where in a text a match may begin."""


class Rule(NamedTuple):
    """A pattern, and what is said in its place.

    `signs` are characters one of which every match holds: without them nothing is looked for.
    `starts` are the places that are tried instead of each: a pattern that looks back before it
    begins is else tried at every letter of a text.
    """

    pattern: re.Pattern[str]
    say: Say
    signs: frozenset[str] = frozenset()
    starts: Starts | None = None


class Group(NamedTuple):
    """Rules that are tried only where the hint is found, which is cheaper than any of them."""

    hint: re.Pattern[str]
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, hint: str, rules: tuple[Rule, ...]) -> "Group":
        """Compile the hint."""
        return cls(re.compile(hint), rules)


def rule(pattern: str, say: Say, signs: Iterable[str] = (), starts: Starts | None = None) -> Rule:
    """Compile a rule."""
    return Rule(re.compile(pattern), say, frozenset(signs), starts)


def at(pattern: str) -> Starts:
    """Give the starts that a simple pattern finds."""
    find = re.compile(pattern).finditer
    return lambda text: [found.start() for found in find(text)]


AT_NUMBERS = at(r"[-−.\d](?<!\d.)")
"""At the first digit of each number, and at the minus or point before it."""


def at_words(inside: str, joints: str = "") -> Starts:
    """Give the first letters of the words in which something is; `joints` may stand in a word."""
    find = re.compile(inside).finditer

    def starts(text: str) -> list[int]:
        return sorted({_first_of_word(text, found.start(), joints) for found in find(text)})

    return starts


def _first_of_word(text: str, place: int, joints: str) -> int:
    while place and (text[place - 1].isalnum() or text[place - 1] in joints):
        place -= 1
    return place


def applied(group: Group, text: str) -> str:
    """Apply the rules of a group, one after the other."""
    if not group.hint.search(text):
        return text
    signs = set(text)
    places: dict[Starts, list[int]] = {}
    for each in group.rules:
        if each.signs and each.signs.isdisjoint(signs):
            continue
        said = _replaced(each, text, places) if each.starts else each.pattern.sub(each.say, text)
        if said is not text:
            text = said
            places.clear()
    return text


def _replaced(each: Rule, text: str, places: dict[Starts, list[int]]) -> str:
    starts = each.starts
    assert starts is not None
    if starts not in places:
        places[starts] = starts(text)
    parts, end = [], 0
    for place in places[starts]:
        if place >= end and (found := each.pattern.match(text, place)):
            parts += [text[end:place], _said(each.say, found)]
            end = found.end()
    return "".join([*parts, text[end:]]) if parts else text


def _said(say: Say, found: re.Match[str]) -> str:
    return found.expand(say) if isinstance(say, str) else say(found)


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
