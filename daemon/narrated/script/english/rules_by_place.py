"""Chooses the rules that may match at a place of a text: of a hundred rules, few are tried.

A number tells little: the sign after it (and after its spaces) tells nearly everything.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from narrated.script.required_signs import FIRST_PASSED

NEAR = 24
"""Signs so near the start of a match are known."""
Say = str | Callable[[re.Match[str]], str]
Match = Callable[[str, int], re.Match[str] | None]
"""Matches a pattern at a place of a text."""
Matches = tuple[tuple[Match, Say], ...]
RulesByRun = dict[int, Matches]
"""Rules by the number of their run; a run without rules is missing."""

_FARTHEST = 40
_TO_FIRST = re.compile(rf"{FIRST_PASSED}{{0,{_FARTHEST}}}").match
_FEW = 2
"""So few rules are tried sooner than chosen by their first sign."""
_MOST_KEPT = 4096


class PlacedRule(NamedTuple):
    """A rule, and the signs of its matches in a plain text; None if nothing is known."""

    match: Match
    say: Say
    near: frozenset[str] | None
    """Every match has one of these near its start."""
    first: frozenset[str] | None
    """One of these is the first sign from its start, but for digits, spaces and their like."""


class RulesByPlace:
    """The runs of rules that begin at the same kind of places; each rule has a bit."""

    def __init__(self) -> None:
        self.all: RulesByRun = {}
        self._first_bits: list[int] = []
        self._count = 0
        self._of_any_sign = self._of_any_first = 0
        self._of_sign: dict[str, int] = {}
        self._of_first: dict[str, int] = {}
        self._signs: frozenset[str] = frozenset()
        self._chosen: dict[int, RulesByRun] = {}
        self._known: dict[str, RulesByRun] = {}
        """The rules at a place by the text from there: one number is looked at again and again."""

    def add(self, rules: Iterable[PlacedRule]) -> int:
        """Add a run of rules, and return its number."""
        number = len(self.all)
        self._first_bits.append(self._count)
        added = tuple(rules)
        self.all[number] = tuple((each.match, each.say) for each in added)
        for each in added:
            bit = 1 << self._count
            self._of_any_sign |= _enter(bit, each.near, self._of_sign)
            self._of_any_first |= _enter(bit, each.first, self._of_first)
            self._count += 1
        self._signs = frozenset(self._of_sign)
        self._chosen.clear()
        self._known.clear()
        return number

    def at(self, text: str, place: int) -> RulesByRun:
        """Return the rules that may match at a place of a plain text."""
        beside = text[place : place + _FARTHEST + 1]
        known = self._known.get(beside)
        if known is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            known = self._known[beside] = self._found(beside)
        return known

    def _found(self, beside: str) -> RulesByRun:
        bits = self._of_any_sign
        for sign in self._signs.intersection(beside[:NEAR]):
            bits |= self._of_sign[sign]
        if self._count > _FEW:
            bits &= self._with_first(beside)
        chosen = self._chosen.get(bits)
        return self._choose(bits) if chosen is None else chosen

    def _with_first(self, beside: str) -> int:
        found = _TO_FIRST(beside)
        end = found.end() if found else 0
        if end == _FARTHEST:
            return -1
        return self._of_any_first | self._of_first.get(beside[end : end + 1], 0)

    def _choose(self, bits: int) -> RulesByRun:
        if len(self._chosen) >= _MOST_KEPT:
            self._chosen.clear()
        chosen = self._chosen[bits] = {
            number: kept
            for number, rules in self.all.items()
            if (kept := _kept(rules, bits >> self._first_bits[number]))
        }
        return chosen


def _enter(bit: int, signs: frozenset[str] | None, bits: dict[str, int]) -> int:
    """Enter the bit of a rule at its signs; return it if no sign is needed."""
    if signs is None:
        return bit
    for sign in signs:
        bits[sign] = bits.get(sign, 0) | bit
    return 0


def _kept(rules: Matches, bits: int) -> Matches:
    return tuple(rule for number, rule in enumerate(rules) if bits >> number & 1)
