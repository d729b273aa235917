"""Normalisation rules: a pattern, and how its match is verbalised; and their application."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from narrated.script.english.rules_by_place import (
    NEAR,
    Matches,
    PlacedRule,
    RulesByPlace,
    RulesByRun,
    Say,
)
from narrated.script.english.sign_bits import ALL_BITS, SignBits
from narrated.script.required_signs import first_signs, is_plain, required_signs, required_text

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
"""3; 1,234; 3.14; .5"""
UNJOINED = r"(?<![\w.,/])(?<![\w]-)"
"""Not preceded by a part of a longer word or number."""

SIGN_BITS = SignBits()
_WORD_BEFORE = re.compile(r"([\w'’.]+),?[\s(“\"]*\Z")
_WORD_AFTER = re.compile(r"[\s-]*([A-Za-z]+)")
_SENTENCE_GOES_ON = re.compile(r"[\"'”’)\]]*(?:\s+(?:[^\sA-Z“\"(]|[A-Z] [A-Z]\b)|[.,;:!?])")
_SENTENCE_BEGINS = re.compile(r"(?:\A|[.!?…:]\s+|\n)[\"'“‘(\[]*\Z")


Needs = frozenset[frozenset[str]]
"""In a plain text, every match has a character of each of these sets in it or beside it."""


class Starts:
    """Finds the places in a text where a match may begin, and knows the rules that begin there."""

    def __init__(self, find: Callable[[str], list[int]], needs: Needs = frozenset()) -> None:
        self.find = find
        self.needs = needs
        self.rules = RulesByPlace()


class NormalisationRule(NamedTuple):
    """A pattern and its verbalisation.

    `starts` finds the places to try; without it, a pattern that looks back is tried everywhere.
    """

    pattern: re.Pattern[str]
    say: Say
    needs: Needs = frozenset()
    signs: frozenset[str] | None = None
    """Every match has one of these near its start, in any text if they were named, else in an
    ASCII text; None if nothing is known."""
    names_signs: bool = False
    starts: Starts | None = None


Rules = tuple[NormalisationRule, ...]
Places = list[tuple[int, RulesByRun]]
"""Places of a text, and the rules that may match there."""


class EverywhereRule(NamedTuple):
    """A rule that is tried everywhere, if a text has its bits."""

    sub: Callable[[Say, str], str]
    say: Say
    needs: int
    signs: int
    text: str
    """Every match has this in it or beside it."""


@dataclass(frozen=True, slots=True)
class RuleRun:
    """Rules that begin at the same places."""

    starts: Starts | None
    rules: Rules
    number: int
    """Among the runs that begin at the same places."""
    needs: int
    """The bits of the needs of all rules, and of their starts."""
    everywhere: tuple[EverywhereRule, ...]
    """The rules, without `starts`."""

    @classmethod
    def of(cls, starts: Starts | None, rules: Rules) -> "RuleRun":
        """Unite the needs of the rules."""
        return cls(
            starts,
            rules,
            starts.rules.add(map(_placed, rules)) if starts else 0,
            SIGN_BITS.bits(_united(rules) | (starts.needs if starts else frozenset())),
            () if starts else tuple(map(_everywhere, rules)),
        )


def _united(rules: Rules) -> Needs:
    """Give what a text needs for any of the rules: of several, the rarest of each."""
    if len(rules) == 1:
        return rules[0].needs
    rarest = [min(each.needs, key=len) for each in rules if each.needs]
    return frozenset([frozenset().union(*rarest)] if len(rarest) == len(rules) else [])


def _placed(one: NormalisationRule) -> PlacedRule:
    pattern = one.pattern
    return PlacedRule(pattern.match, one.say, one.signs, first_signs(pattern.pattern))


def _everywhere(one: NormalisationRule) -> EverywhereRule:
    named = one.signs if one.names_signs else None
    return EverywhereRule(
        one.pattern.sub,
        one.say,
        SIGN_BITS.bits(one.needs),
        SIGN_BITS.bit(named or None),
        required_text(one.pattern.pattern),
    )


class RuleGroup(NamedTuple):
    """Rules tried only if a text matches the hint, which is cheaper than any of them.

    Consecutive rules that begin at the same places form a run.
    """

    hint: re.Pattern[str]
    needs: int
    """The bits of the characters that the hint needs in a plain text."""
    runs: tuple[RuleRun, ...]

    @classmethod
    def of(cls, hint: str, rules: Rules) -> "RuleGroup":
        """Compile the hint, and group the rules into runs."""
        runs = groupby(rules, key=attrgetter("starts"))
        needs = SIGN_BITS.bits(required_signs(hint, NEAR).every)
        runs_of_rules = tuple(RuleRun.of(starts, tuple(run)) for starts, run in runs)
        return cls(re.compile(hint), needs, runs_of_rules)


def rule(
    pattern: str, say: Say, signs: Iterable[str] = (), starts: Starts | None = None
) -> NormalisationRule:
    """Compile a rule; `signs` are characters near the start of every match."""
    named = frozenset(signs)
    required = required_signs(pattern, NEAR)
    near = named or required.ahead
    return NormalisationRule(re.compile(pattern), say, required.every, near, bool(named), starts)


def starts_at(pattern: str) -> Starts:
    """Give the places where a simple pattern matches."""
    find = re.compile(pattern).finditer
    needs = required_signs(pattern, NEAR).every
    needed = required_text(pattern)
    return Starts(
        lambda text: [found.start() for found in find(text)] if needed in text else [], needs
    )


AT_NUMBERS = starts_at(r"[-−.\d](?<!\d.)(?:(?<=\d)|(?<=[-−])(?=[.\d])|(?<=\.)(?=\d))")
"""The first digit of each number, and the minus or point before it."""


def number_rule(pattern: str, say: Say, signs: Iterable[str] = ()) -> NormalisationRule:
    """Compile a rule that begins with a number; `signs` are characters near it."""
    return rule(pattern, say, signs, AT_NUMBERS)


def starts_at_words(inside: str, joints: str = "") -> Starts:
    """Give the first letters of words that contain a match; `joints` count as letters."""
    find = re.compile(inside).finditer

    def starts(text: str) -> list[int]:
        places: list[int] = []
        seen = -1  # look at no letter twice, for any number of matches in one word
        for found in find(text):
            place = found.start()
            while place > max(seen, 0) and (text[place - 1].isalnum() or text[place - 1] in joints):
                place -= 1
            if place != seen:
                places.append(place)
            seen = found.start()
        return places

    return Starts(starts, required_signs(inside, NEAR).every)


class SentenceRewriter:
    """A text under rewriting; caches its signs and start places between rules."""

    def __init__(self, text: str) -> None:
        self._become(text)

    def apply(self, group: RuleGroup) -> None:
        """Apply the rules of a group, one run after the other."""
        if group.needs & ~self._met or not group.hint.search(self.text):
            return
        for run in group.runs:
            if not run.needs & ~self._met:
                if run.starts is None:
                    self._everywhere(run.everywhere)
                else:
                    self._at_starts(run.starts, run)

    def _become(self, text: str) -> None:
        self.text = text
        self._is_plain = is_plain(text)
        self._signs = SIGN_BITS.of_text(text)
        self._met = self._signs if self._is_plain else ALL_BITS
        self._places: dict[Starts, Places] = {}

    def _everywhere(self, rules: tuple[EverywhereRule, ...]) -> None:
        for sub, say, needs, signs, required in rules:
            if not needs & ~self._met and signs & self._signs and required in self.text:
                said = sub(say, self.text)
                if said is not self.text:
                    self._become(said)

    def _at_starts(self, starts: Starts, run: RuleRun) -> None:
        """Apply, at each place, the first rule that changes the text."""
        text = self.text
        places = self._places.get(starts)
        if places is None:
            places = self._places[starts] = self._find(starts)
        parts: list[str] = []
        end = 0
        for place, rules in places:
            matches = rules.get(run.number)
            if matches and place >= end and (said := _first_said(matches, text, place)):
                parts += [text[end:place], said[0]]
                end = said[1]
        if parts:
            self._become("".join([*parts, text[end:]]))

    def _find(self, starts: Starts) -> Places:
        text, rules = self.text, starts.rules
        if self._is_plain:
            return [(place, rules.at(text, place)) for place in starts.find(text)]
        return [(place, rules.all) for place in starts.find(text)]


def _first_said(matches: Matches, text: str, place: int) -> tuple[str, int] | None:
    for match, say in matches:
        if found := match(text, place):
            said = found.expand(say) if isinstance(say, str) else say(found)
            if said != found[0]:
                return said, found.end()
    return None


def any_of(words: Iterable[str]) -> str:
    """Give a pattern that matches any of these words, the longest first.

    Words with the same first sign share a branch: `re` tries few branches instead of hundreds.
    """
    longest_first = sorted(sorted(words, key=len, reverse=True), key=itemgetter(0))
    branches = (list(same) for _, same in groupby(longest_first, key=itemgetter(0)))
    return "|".join(_branch(words) for words in branches)


def _branch(words: list[str]) -> str:
    if len(words) == 1:
        return re.escape(words[0])
    rest = "|".join(re.escape(word[1:]) for word in words)
    return f"{re.escape(words[0][0])}(?:{rest})"


def after_words(words: Iterable[str], sign: str) -> str:
    """Give a pattern for a place right after one of these words and a sign.

    One look back for each length: nearly all fail at their first letter.
    """
    by_length = groupby(sorted(words, key=len), key=len)
    escaped = re.escape(sign)
    return "|".join(rf"(?<=\b(?:{any_of(same)}){escaped})" for _, same in by_length)


def word_set(text: str) -> frozenset[str]:
    """Give the words of a text as a set."""
    return frozenset(text.split())


def word_table(text: str) -> dict[str, str]:
    """Give the entries `written: said` of a text, separated by semicolons."""
    entries = (entry.partition(": ") for entry in " ".join(text.split()).split("; "))
    return {written: said for written, _, said in entries}


def countable(text: str) -> dict[str, tuple[str, str]]:
    """Give singular and plural by sign; entries are `name: signs`, and * stands for the s."""
    names = word_table(text).items()
    return {
        sign: (name.replace("*", ""), name.replace("*", "s"))
        for name, signs in names
        for sign in signs.split()
    }


def word_before(found: re.Match[str]) -> str:
    """Give the word just before a match; empty at a sentence's beginning."""
    before = _WORD_BEFORE.search(found.string, max(0, found.start() - 40), found.start())
    return before[1] if before else ""


def word_after(found: re.Match[str]) -> str:
    """Give the word just after a match."""
    after = _WORD_AFTER.match(found.string, found.end())
    return after[1] if after else ""


def begins_sentence(text: str, at: int) -> bool:
    """True if a sentence begins here."""
    return at == 0 or bool(_SENTENCE_BEGINS.search(text, max(0, at - 8), at))


def full_stop(found: re.Match[str]) -> str:
    """Give the full stop that an abbreviation shares with the sentence it ends, else nothing."""
    if not found[0].endswith("."):
        return ""
    return "" if _SENTENCE_GOES_ON.match(found.string, found.end()) else "."
