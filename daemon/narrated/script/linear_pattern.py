"""Regular expressions that take linear time: Python's own meaning, run by RE2.

RE2 differs from `re`: its `\\w`, `\\d`, `\\s` and `\\b` know ASCII only, and case folds otherwise.
So a pattern is not handed to RE2 as it is written. Python's parser reads it, and each part that
matches one character becomes a set, whose members are found by `re` itself. What remains are
sequences, alternatives, repeats and anchors, which mean the same in both. Whatever else occurs
raises Inexpressible: look-around, back references, possessive repeats, and empty matches.

RE2 sees one byte for each character. Characters that a pattern cannot tell apart share a byte.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

_parser: Any = importlib.import_module("re._parser")  # `sre_parse` before Python 3.11
_ASCII = range(128)
_LINE_END = ord("\n")
_WORD_BYTES = [byte for byte in _ASCII if chr(byte).isalnum() or chr(byte) == "_"]
_OTHER_BYTES = [byte for byte in range(255, 0, -1) if byte not in {_LINE_END, *_WORD_BYTES}]
_NOTHING = r"[^\x00-\xff]"
_TYPE_FLAGS = re.ASCII | re.LOCALE | re.UNICODE
_CHARACTER_FLAGS = re.ASCII | re.IGNORECASE | re.DOTALL
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_ANCHORS = {
    "AT_BEGINNING": r"\A",
    "AT_BEGINNING_STRING": r"\A",
    "AT_END": r"\z",
    "AT_END_STRING": r"\z",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}
_LINE_ANCHORS = {"AT_BEGINNING": "(?m:^)", "AT_END": "(?m:$)"}


class Inexpressible(Exception):
    """RE2 cannot run this pattern with the meaning that it has in `re`, at least on this text."""


class CharacterSet:
    """The characters that one part of a pattern matches, as `re` says."""

    def __init__(self, source: str, flags: int) -> None:
        self._matches = re.compile(source, flags).fullmatch
        self.ascii = frozenset(code for code in _ASCII if self._matches(chr(code)))

    def __contains__(self, character: str) -> bool:
        return self._matches(character) is not None


_character_set = lru_cache(maxsize=4096)(CharacterSet)


class LinearPattern:
    """A pattern and its replacement, with the meaning of `re.sub`; Inexpressible if RE2 has none.

    `groups` are the numbers of the groups that the replacement uses.
    """

    def __init__(self, match: str, say: str) -> None:
        tree = _parser.parse(match)
        if tree.getwidth()[0] == 0:
            raise Inexpressible("It may match nothing, and `re` then tries the same place again.")
        self._said = _split_replacement(re.compile(match), say)
        groups = {part for part in self._said if isinstance(part, int)}
        translation = _Translation(groups)
        self._parts = list(translation.sequence(tree, tree.state.flags))
        self._groups = sorted(groups - {0})
        self._ends_at_line_end = translation.ends_at_line_end
        self._ascii = _compiled(self._parts, lambda each: each.ascii)
        self._sets = tuple(dict.fromkeys(part for part in self._parts if not isinstance(part, str)))
        self._alphabet: _Alphabet | None = None
        self._word = translation.word
        self._others: Any = None

    def sub(self, text: str) -> str:
        """Replace all matches; Inexpressible if RE2 has another meaning on this text."""
        if self._ends_at_line_end and text.endswith("\n"):
            raise Inexpressible("`$` also matches before a line end at the end.")
        if text.isascii():
            return self._replaced(text, self._ascii, text.encode("ascii"))
        encoded = self._encoded(text)
        return self._replaced(text, self._others, encoded)

    def _encoded(self, text: str) -> bytes:
        if self._alphabet is None:
            self._alphabet = _Alphabet(self._sets, self._word)
        count = len(self._alphabet.examples)
        encoded = text.translate(self._alphabet).encode("latin-1")
        if self._others is None or len(self._alphabet.examples) > count:
            self._others = _compiled(self._parts, self._alphabet.bytes_of)
        return encoded

    def _replaced(self, text: str, compiled: Any, encoded: bytes) -> str:
        pieces: list[str] = []
        end = 0
        for found in compiled.finditer(encoded):
            pieces.append(text[end : found.start()])
            pieces.extend(self._expanded(text, found))
            end = found.end()
        return "".join([*pieces, text[end:]]) if pieces else text

    def _expanded(self, text: str, found: Any) -> Iterator[str]:
        for part in self._said:
            if isinstance(part, str):
                yield part
                continue
            # RE2 numbers only the groups that are captured.
            begin, end = found.span(self._groups.index(part) + 1 if part else 0)
            yield text[max(begin, 0) : max(end, 0)]


class _Translation:
    """Translates Python's parsed pattern into RE2's syntax, with sets for single characters."""

    def __init__(self, groups: set[int]) -> None:
        self._captured = groups
        self.ends_at_line_end = False
        self.word: CharacterSet | None = None
        """The word characters, as `\\b` sees them; None without `\\b` and `\\B`."""

    def sequence(self, tree: Any, flags: int) -> Iterator[str | CharacterSet]:
        for code, argument in tree:
            yield from self._part(str(code), argument, flags)

    def _part(self, code: str, argument: Any, flags: int) -> Iterable[str | CharacterSet]:
        match code:
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                return [_character_set(_source(code, argument), flags & _CHARACTER_FLAGS)]
            case "AT":
                return [self._anchor(str(argument), flags)]
            case "BRANCH":
                return self._branches(argument[1], flags)
            case "SUBPATTERN":
                return self._group(argument, flags)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(argument, flags, "?" if code == "MIN_REPEAT" else "")
        raise Inexpressible(f"RE2 has nothing like {code}.")

    def _anchor(self, name: str, flags: int) -> str:
        if flags & re.MULTILINE and name in _LINE_ANCHORS:
            return _LINE_ANCHORS[name]
        if name not in _ANCHORS:
            raise Inexpressible(f"RE2 has nothing like {name}.")
        self.ends_at_line_end |= name == "AT_END"
        if name in ("AT_BOUNDARY", "AT_NON_BOUNDARY"):
            word = _character_set(r"\w", flags & re.ASCII)
            if self.word not in (None, word):
                raise Inexpressible("It has word boundaries of two kinds.")
            self.word = word
        return _ANCHORS[name]

    def _branches(self, branches: Iterable[Any], flags: int) -> Iterator[str | CharacterSet]:
        separator = "(?:"
        for branch in branches:
            yield separator
            yield from self.sequence(branch, flags)
            separator = "|"
        yield ")"

    def _group(self, argument: Any, flags: int) -> Iterator[str | CharacterSet]:
        group, added, removed, tree = argument
        if added & _TYPE_FLAGS:
            flags &= ~_TYPE_FLAGS
        yield "(" if group in self._captured else "(?:"
        yield from self.sequence(tree, (flags | added) & ~removed)
        yield ")"

    def _repeat(self, argument: Any, flags: int, lazy: str) -> Iterator[str | CharacterSet]:
        least, most, tree = argument
        if most > 1 and tree.getwidth()[0] == 0:
            raise Inexpressible("It repeats what may match nothing.")
        yield "(?:"
        yield from self.sequence(tree, flags)
        yield f"){{{least},{'' if most == _parser.MAXREPEAT else most}}}{lazy}"


class _Alphabet(dict[int, int]):
    """Maps characters to bytes: one byte for all that a pattern cannot tell apart.

    RE2's `\\b` looks at the byte, so word characters have bytes of ASCII letters and digits.
    """

    def __init__(self, sets: Iterable[CharacterSet], word: CharacterSet | None) -> None:
        self._sets, self._word = tuple(sets), word
        self._free_words, self._free_others = list(_WORD_BYTES), list(_OTHER_BYTES)
        self._bytes: dict[tuple[bool, ...], int] = {}
        self.examples = {_LINE_END: "\n"}
        """A character for each byte in use."""
        self[_LINE_END] = _LINE_END  # it has a meaning of its own to anchors
        for code in _ASCII:
            self[code]

    def __missing__(self, code: int) -> int:
        character = chr(code)
        is_word = self._word is not None and character in self._word
        treatment = (is_word, *(character in each for each in self._sets))
        if treatment not in self._bytes:
            free = self._free_words if is_word else self._free_others
            if not free:
                raise Inexpressible("It tells too many characters apart.")
            self._bytes[treatment] = free.pop()
            self.examples[self._bytes[treatment]] = character
        self[code] = self._bytes[treatment]
        return self[code]

    def bytes_of(self, characters: CharacterSet) -> Iterable[int]:
        """The bytes of a set's characters."""
        return (byte for byte, example in self.examples.items() if example in characters)


def _source(code: str, argument: Any) -> str:
    """Write a part that matches one character as a pattern of its own."""
    if code == "ANY":
        return "."
    if code == "IN":
        return f"[{''.join(_item(str(kind), value) for kind, value in argument)}]"
    return f"[{'^' if code == 'NOT_LITERAL' else ''}{_escaped(argument)}]"


def _item(kind: str, value: Any) -> str:
    match kind:
        case "NEGATE":
            return "^"
        case "LITERAL":
            return _escaped(value)
        case "RANGE":
            return f"{_escaped(value[0])}-{_escaped(value[1])}"
        case "CATEGORY" if str(value) in _CATEGORIES:
            return _CATEGORIES[str(value)]
    raise Inexpressible(f"RE2 has nothing like {kind}.")


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _compiled(
    parts: Iterable[str | CharacterSet], bytes_of: Callable[[CharacterSet], Iterable[int]]
) -> Any:
    import re2  # late: few lexicons have patterns

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    source = "".join(part if isinstance(part, str) else _class(bytes_of(part)) for part in parts)
    try:
        return re2.compile(source.encode("ascii"), options)
    except re2.error as error:  # it is too large, for example
        raise Inexpressible(str(error)) from error


def _class(members: Iterable[int]) -> str:
    bytes_ = "".join(rf"\x{byte:02x}" for byte in sorted(members))
    return f"[{bytes_}]" if bytes_ else _NOTHING


def _split_replacement(pattern: re.Pattern[str], say: str) -> list[str | int]:
    """Split a replacement into texts and the numbers of groups, as `re` reads it.

    `re` expands it on a match whose groups are marks that occur nowhere else.
    """
    marks = [chr(0x10F000 + number) for number in range(pattern.groups + 1)]
    if any(mark in say for mark in marks):
        raise Inexpressible("The replacement holds a character for private use.")
    names = {number: f"?P<{name}>" for name, number in pattern.groupindex.items()}
    inner = "".join(
        f"({names.get(number, '')}{mark})" for number, mark in enumerate(marks) if number
    )
    found = re.fullmatch(marks[0] + inner, "".join(marks))
    assert found is not None
    numbers = {found[0]: 0} | {mark: number for number, mark in enumerate(marks) if number}
    texts = re.split("(" + "|".join(numbers) + ")", found.expand(say))
    return [numbers.get(text, text) for text in texts if text]
