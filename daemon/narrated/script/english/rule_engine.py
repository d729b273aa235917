"""Normalisation rules: a pattern, and how its match is verbalised; and their application."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from narrated.script.english.sign_bits import ALL_BITS, SignBits
from narrated.script.required_signs import is_plain, required_signs

Say = str | Callable[[re.Match[str]], str]

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
"""3; 1,234; 3.14; .5"""
UNJOINED = r"(?<![\w.,/])(?<![\w]-)"
"""Not preceded by a part of a longer word or number."""

SIGN_BITS = SignBits()
_NEAR = 24
_MOST_KEPT = 4096
_WORD_BEFORE = re.compile(r"([\w'’.]+),?[\s(“\"]*\Z")
_WORD_AFTER = re.compile(r"[\s-]*([A-Za-z]+)")
_SENTENCE_GOES_ON = re.compile(r"[\"'”’)\]]*(?:\s+(?:[^\sA-Z“\"(]|[A-Z] [A-Z]\b)|[.,;:!?])")
_SENTENCE_BEGINS = re.compile(r"(?:\A|[.!?…:]\s+|\n)[\"'“‘(\[]*\Z")


class Starts:
    """Finds the places in a text where a match may begin."""

    def __init__(self, find: Callable[[str], list[int]], needs: frozenset[str] | None) -> None:
        self.find = find
        self.needs = needs
        """In a plain text, every place needs one of these characters; None if nothing is known."""


class NormalisationRule(NamedTuple):
    """A pattern and its verbalisation.

    `starts` finds the places to try; without it, a pattern that looks back is tried everywhere.
    """

    pattern: re.Pattern[str]
    say: Say
    needs: frozenset[str] | None = None
    """In a plain text, every match has one of these characters in it or beside it."""
    signs: frozenset[str] | None = None
    """Every match has one of these near its start, in any text if they were named, else in an
    ASCII text; None if nothing is known."""
    names_signs: bool = False
    starts: Starts | None = None


Rules = tuple[NormalisationRule, ...]
Match = Callable[[str, int], re.Match[str] | None]
"""Matches a pattern at a place of a text."""
Matches = tuple[tuple[Match, Say], ...]


class EverywhereRule(NamedTuple):
    """A rule that is tried everywhere, if a text has its bits."""

    sub: Callable[[Say, str], str]
    say: Say
    needs: int
    signs: int


@dataclass(slots=True)
class RuleRun:
    """Rules that begin at the same places."""

    starts: Starts | None
    rules: Rules
    needs: int
    """The bit of the needs of all rules."""
    starts_need: int
    everywhere: tuple[EverywhereRule, ...]
    """The rules, without `starts`."""
    all_matches: Matches
    signs: frozenset[str] = frozenset()
    """The signs of all rules."""
    by_signs: dict[frozenset[str], Matches] = field(default_factory=dict)
    """The rules that may match, by those of the signs that are near a place of a plain text."""
    without_signs: frozenset[int] = frozenset()
    """The numbers of the rules that may match anywhere."""
    of_sign: dict[str, set[int]] = field(default_factory=dict)
    """The numbers of the rules that have a sign."""

    @classmethod
    def of(cls, starts: Starts | None, rules: Rules) -> "RuleRun":
        """Unite the needs and the signs of the rules."""
        needs = [each.needs for each in rules if each.needs is not None]
        united = frozenset().union(*needs) if len(needs) == len(rules) else None
        signs = (each.signs for each in rules if each.signs is not None)
        run = cls(
            starts,
            rules,
            SIGN_BITS.bit(united),
            SIGN_BITS.bit(starts.needs if starts else None),
            () if starts else tuple(map(_everywhere, rules)),
            _matches(rules),
            frozenset().union(*signs),
            without_signs=frozenset(n for n, each in enumerate(rules) if each.signs is None),
        )
        for number, each in enumerate(rules):
            for sign in each.signs or ():
                run.of_sign.setdefault(sign, set()).add(number)
        return run

    def near(self, text: str, place: int) -> Matches:
        """The rules that may match at a place of a plain text."""
        found = self.signs.intersection(text[place : place + _NEAR])
        matches = self.by_signs.get(found)
        if matches is None:
            if len(self.by_signs) >= _MOST_KEPT:
                self.by_signs.clear()
            matches = self.by_signs[found] = self._of_signs(found)
        return matches

    def _of_signs(self, found: frozenset[str]) -> Matches:
        """Unite the rules of each sign: of a hundred rules, few are looked at."""
        numbers = self.without_signs.union(*(self.of_sign[sign] for sign in found))
        return tuple(self.all_matches[number] for number in sorted(numbers))


def _everywhere(one: NormalisationRule) -> EverywhereRule:
    named = one.signs if one.names_signs else None
    return EverywhereRule(
        one.pattern.sub, one.say, SIGN_BITS.bit(one.needs), SIGN_BITS.bit(named or None)
    )


def _matches(rules: Iterable[NormalisationRule]) -> Matches:
    return tuple((each.pattern.match, each.say) for each in rules)


class RuleGroup(NamedTuple):
    """Rules tried only if a text matches the hint, which is cheaper than any of them.

    Consecutive rules that begin at the same places form a run.
    """

    hint: re.Pattern[str]
    needs: int
    """The bit of the characters that the hint needs in a plain text."""
    runs: tuple[RuleRun, ...]

    @classmethod
    def of(cls, hint: str, rules: Rules) -> "RuleGroup":
        """Compile the hint, and group the rules into runs."""
        runs = groupby(rules, key=attrgetter("starts"))
        needs = SIGN_BITS.bit(required_signs(hint, _NEAR).anywhere)
        runs_of_rules = tuple(RuleRun.of(starts, tuple(run)) for starts, run in runs)
        return cls(re.compile(hint), needs, runs_of_rules)


def rule(
    pattern: str, say: Say, signs: Iterable[str] = (), starts: Starts | None = None
) -> NormalisationRule:
    """Compile a rule; `signs` are characters near the start of every match."""
    named = frozenset(signs)
    needs, ahead = required_signs(pattern, _NEAR)
    return NormalisationRule(re.compile(pattern), say, needs, named or ahead, bool(named), starts)


def starts_at(pattern: str) -> Starts:
    """Give the places where a simple pattern matches."""
    find = re.compile(pattern).finditer
    needs = required_signs(pattern, _NEAR).anywhere
    return Starts(lambda text: [found.start() for found in find(text)], needs)


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

    return Starts(starts, required_signs(inside, _NEAR).anywhere)


class SentenceRewriter:
    """A text under rewriting; caches its signs and start places between rules."""

    def __init__(self, text: str) -> None:
        self._become(text)

    def apply(self, group: RuleGroup) -> None:
        """Apply the rules of a group, one run after the other."""
        if not group.needs & self._met or not group.hint.search(self.text):
            return
        for run in group.runs:
            if run.needs & self._met and run.starts_need & self._met:
                if run.starts is None:
                    self._everywhere(run.everywhere)
                else:
                    self._at_starts(run.starts, run)

    def _become(self, text: str) -> None:
        self.text = text
        self._is_plain = is_plain(text)
        self._signs = SIGN_BITS.of_text(text)
        self._met = self._signs if self._is_plain else ALL_BITS
        self._places: dict[Starts, list[int]] = {}

    def _everywhere(self, rules: tuple[EverywhereRule, ...]) -> None:
        for sub, say, needs, signs in rules:
            if needs & self._met and signs & self._signs:
                said = sub(say, self.text)
                if said is not self.text:
                    self._become(said)

    def _at_starts(self, starts: Starts, run: RuleRun) -> None:
        """Apply, at each place, the first rule that changes the text."""
        text = self.text
        places = self._places.get(starts)
        if places is None:
            places = self._places[starts] = starts.find(text)
        parts: list[str] = []
        end = 0
        for place in places:
            if place < end:
                continue
            matches = run.near(text, place) if self._is_plain else run.all_matches
            if said := _first_said(matches, text, place):
                parts += [text[end:place], said[0]]
                end = said[1]
        if parts:
            self._become("".join([*parts, text[end:]]))


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
