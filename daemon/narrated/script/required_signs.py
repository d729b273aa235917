"""Finds characters that every match of a pattern needs, so that most texts need not be searched.

To look characters up in a set takes a hundredth of the time of a search.
"""

import re
from collections.abc import Iterable, Iterator
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
FIRST_PASSED = r"[\d\s.,−-]"
"""Signs that `first_signs` passes over: they are beside nearly every number."""
_PASSED = frozenset(".,−-")
_PASSED_KINDS = (
    (_constants.CATEGORY, _constants.CATEGORY_DIGIT),
    (_constants.CATEGORY, _constants.CATEGORY_SPACE),
)
_First = tuple[frozenset[str], bool]
"""Signs that may be the first, and whether a match may pass over all that is there."""
_NO_FIRST: _First = (frozenset(), True)


class RequiredSigns(NamedTuple):
    """Characters of which each match has one, in a plain text; None if nothing is known."""

    anywhere: frozenset[str] | None
    """In the match, or just before or after it."""
    ahead: frozenset[str] | None
    """After the beginning of the match, and no further than `within`."""
    every: frozenset[frozenset[str]]
    """Sets like `anywhere`, all that are known: each match has one of each."""


def is_plain(text: str) -> bool:
    """True if what patterns require holds for a text: it has Latin letters and digits alone."""
    return text.isascii() or not _FOREIGN.search(text)


def required_signs(pattern: str, within: int) -> RequiredSigns:
    """Return the rarest characters that a pattern needs."""
    tree = _parser.parse(pattern)
    ignores_case = bool(tree.state.flags & _constants.SRE_FLAG_IGNORECASE)
    anywhere = _Search(tree.state, is_behind_too=True).needed(tree, ignores_case, _ANY_ROOM)
    ahead = _Search(tree.state, is_behind_too=False).needed(tree, ignores_case, within)
    every = _Search(tree.state, is_behind_too=True).every(tree, ignores_case)
    return RequiredSigns(anywhere, ahead, frozenset(every))


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
            if signs is not None and _is_telling(signs):
                found.append(signs)
            room -= self._longest(operation, value)
        return min(found, key=len, default=None)

    def every(self, sequence: Iterable[Any], ignores_case: bool) -> Iterator[frozenset[str]]:
        """Give all that the items of a sequence need."""
        for operation, value in sequence:
            match operation, value:
                case _constants.SUBPATTERN, (_, added, _, inner):
                    ignores = ignores_case or bool(added & _constants.SRE_FLAG_IGNORECASE)
                    yield from self.every(inner, ignores)
                case _constants.ASSERT, (_, inner):
                    yield from self.every(inner, ignores_case)
                case _:
                    signs = self._of_item(operation, value, ignores_case, _ANY_ROOM)
                    if signs is not None and _is_telling(signs):
                        yield signs

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


def _is_telling(signs: frozenset[str]) -> bool:
    return len(signs) <= _MOST and _COMMON.isdisjoint(signs)


def required_text(pattern: str) -> str:
    """Return the longest text that a pattern needs as it is written, in any text; "" for none."""
    tree = _parser.parse(pattern)
    if tree.state.flags & _constants.SRE_FLAG_IGNORECASE:
        return ""
    return max(_texts(tree), key=len, default="")


def _texts(sequence: Iterable[Any]) -> Iterator[str]:
    text = ""
    for operation, value in sequence:
        if operation is _constants.LITERAL:
            text += chr(value)
            continue
        yield text
        text = ""
        match operation, value:
            case _constants.SUBPATTERN, (_, added, _, inner):
                if not added & _constants.SRE_FLAG_IGNORECASE:
                    yield from _texts(inner)
            case _constants.ASSERT, (_, inner):
                yield from _texts(inner)
    yield text


def first_signs(pattern: str) -> frozenset[str] | None:
    """Return the first signs of matches, but for digits, spaces and their like, in a plain text.

    None if nothing is known: a match may be a number alone, or go on with any sign.
    """
    tree = _parser.parse(pattern)
    first = _first(tree, bool(tree.state.flags & _constants.SRE_FLAG_IGNORECASE))
    return first[0] if first and not first[1] else None


def _first(sequence: Iterable[Any], ignores_case: bool) -> _First | None:
    found: set[str] = set()
    for operation, value in sequence:
        first = _first_of_item(operation, value, ignores_case)
        if first is None:
            return None
        found |= first[0]
        if not first[1]:
            return frozenset(found), False
    return frozenset(found), True


def _first_of_item(operation: Any, value: Any, ignores_case: bool) -> _First | None:
    match operation:
        case _constants.LITERAL:
            return _first_of_set([(operation, value)], ignores_case)
        case _constants.IN:
            return _first_of_set(value, ignores_case)
        case _constants.BRANCH:
            return _first_of_any([_first(each, ignores_case) for each in value[1]])
        case _constants.SUBPATTERN:
            _, added, _, inner = value
            ignores_case = ignores_case or bool(added & _constants.SRE_FLAG_IGNORECASE)
            return _first(inner, ignores_case)
        case _constants.MAX_REPEAT | _constants.MIN_REPEAT:
            least, _, inner = value
            return _first_of_any([_first(inner, ignores_case), *([] if least else [_NO_FIRST])])
        case _constants.ASSERT:
            direction, inner = value
            first = _first(inner, ignores_case) if direction > 0 else None
            return first if first and not first[1] else _NO_FIRST
        case _constants.ASSERT_NOT | _constants.AT:
            return _NO_FIRST
    return None


def _first_of_any(branches: list[_First | None]) -> _First | None:
    known = [first for first in branches if first is not None]
    if len(known) < len(branches):
        return None
    return frozenset().union(*(signs for signs, _ in known)), any(passes for _, passes in known)


def _first_of_set(items: list[tuple[Any, Any]], ignores_case: bool) -> _First | None:
    telling = [item for item in items if item not in _PASSED_KINDS]
    signs = _of_set(telling, ignores_case)
    if signs is None:
        return None
    passed = {sign for sign in signs if sign in _PASSED or sign.isdecimal() or sign.isspace()}
    return signs - passed, bool(passed) or len(telling) < len(items)


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
