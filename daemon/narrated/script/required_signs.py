"""Finds characters that every match of a pattern needs, so that most texts need not be searched.

To look characters up in a set takes a hundredth of the time of a search.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants, _parser  # type: ignore[attr-defined]  # `re` itself parses with them
from typing import Any, NamedTuple

_DIGITS = frozenset("0123456789")
_COMMON = frozenset(" etaoinshrdlucmfwypgvbk.,")
"""A text nearly always has one of these, so to need one excludes nothing."""
_MOST = 40
_FOREIGN = re.compile("[^\x00-\u012f\u0132-\u017e\u2000-\u2129\u212c-\u2bff]")
"""Other digits, and letters that `re` takes for ours if it ignores case, are among these."""
_ANY_ROOM = 1 << 30


class RequiredSigns(NamedTuple):
    """Characters of which each match has one, in a plain text; None if nothing is known."""

    anywhere: frozenset[str] | None
    """In the match, or just before or after it."""
    ahead: frozenset[str] | None
    """After the beginning of the match, and no further than `within`."""


def is_plain(text: str) -> bool:
    """True if what patterns require holds for a text: it has Latin letters and digits alone."""
    return text.isascii() or not _FOREIGN.search(text)


def required_signs(pattern: str, within: int) -> RequiredSigns:
    """Return the rarest characters that a pattern needs."""
    tree = _parser.parse(pattern)
    ignores_case = bool(tree.state.flags & _constants.SRE_FLAG_IGNORECASE)
    anywhere = _Search(tree.state, is_behind_too=True).needed(tree, ignores_case, _ANY_ROOM)
    ahead = _Search(tree.state, is_behind_too=False).needed(tree, ignores_case, within)
    return RequiredSigns(anywhere, ahead)


@dataclass(frozen=True, slots=True)
class _Search:
    state: Any
    """The state of the parser: the widths of the groups."""
    is_behind_too: bool

    def needed(
        self, sequence: Iterable[Any], ignores_case: bool, room: int
    ) -> frozenset[str] | None:
        """Choose the rarest of what each item of a sequence needs."""
        found: list[frozenset[str]] = []
        for operation, value in sequence:
            if room <= 0:
                break
            signs = self._of_item(operation, value, ignores_case, room)
            if signs is not None and len(signs) <= _MOST and _COMMON.isdisjoint(signs):
                found.append(signs)
            room -= self._longest(operation, value)
        return min(found, key=len, default=None)

    def _of_item(
        self, operation: Any, value: Any, ignores_case: bool, room: int
    ) -> frozenset[str] | None:
        match operation:
            case _constants.LITERAL:
                return _cased({chr(value)}, ignores_case)
            case _constants.IN:
                return _of_set(value, ignores_case)
            case _constants.BRANCH:
                return _of_any([self.needed(each, ignores_case, room) for each in value[1]])
            case _constants.SUBPATTERN:
                _, added, _, inner = value
                ignores_case = ignores_case or bool(added & _constants.SRE_FLAG_IGNORECASE)
                return self.needed(inner, ignores_case, room)
            case _constants.MAX_REPEAT | _constants.MIN_REPEAT:
                least, _, inner = value
                return self.needed(inner, ignores_case, room) if least else None
            case _constants.ASSERT:
                direction, inner = value
                is_seen = self.is_behind_too or direction > 0
                return self.needed(inner, ignores_case, room) if is_seen else None
        return None

    def _longest(self, operation: Any, value: Any) -> int:
        """The most characters that an item takes."""
        if operation in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.AT):
            return 0
        return int(_parser.SubPattern(self.state, [(operation, value)]).getwidth()[1])


def _of_any(branches: list[frozenset[str] | None]) -> frozenset[str] | None:
    known = [signs for signs in branches if signs is not None]
    return frozenset().union(*known) if len(known) == len(branches) else None


def _of_set(items: Iterable[tuple[Any, Any]], ignores_case: bool) -> frozenset[str] | None:
    signs: set[str] = set()
    for operation, value in items:
        match operation:
            case _constants.LITERAL:
                signs.add(chr(value))
            case _constants.RANGE:
                if value[1] - value[0] > _MOST:
                    return None
                signs.update(map(chr, range(value[0], value[1] + 1)))
            case _constants.CATEGORY if value is _constants.CATEGORY_DIGIT:
                signs |= _DIGITS
            case _:
                return None
    return _cased(signs, ignores_case)


def _cased(signs: set[str], ignores_case: bool) -> frozenset[str]:
    if ignores_case:
        signs = {each for sign in signs for each in (sign.lower(), sign.upper())}
    return frozenset(signs)
