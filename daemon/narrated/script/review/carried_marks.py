"""Marks of letters in words that a person changed: where the same letters stand, they are spelled.

A person who writes "the A P I" means the same letters as the script did.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, takewhile
from typing import Self

from narrated.engines.interface import Mark
from narrated.script.script import Line

_WORD = re.compile(r"\w+")
_MOST_ALIKE = 100
"""Marked words with one beginning; no real post has so many."""


@dataclass(frozen=True, slots=True)
class CarriedMarks:
    """The marked words of a draft."""

    _by_first: dict[str, list[tuple[str, Mark]]] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Self:
        """Collect the marked words of all lines; one letter alone may be a word elsewhere."""
        found = {line.text[mark.start : mark.end]: mark for line in lines for mark in line.marks}
        by_first: dict[str, list[tuple[str, Mark]]] = {}
        for text in sorted(found, key=len, reverse=True):
            if len(text) > 1 and (first := _WORD.match(text)):
                alike = by_first.setdefault(first[0], [])
                alike += [(text, found[text])] if len(alike) < _MOST_ALIKE else []
        return cls(by_first)

    def marks(self, text: str, others: Iterable[Mark], before: Line | None) -> tuple[Mark, ...]:
        """Give the marks of a changed text.

        `before` is the line with its words of before; `others` are marks that the text has.
        """
        kept = _kept(text, before) if before else ()
        chosen: list[Mark] = []
        for mark in sorted(chain(kept, others, self._known(text))):
            if not chosen or mark.start >= chosen[-1].end:
                chosen.append(mark)
        return tuple(chosen)

    def _known(self, text: str) -> Iterator[Mark]:
        end = 0
        for word in _WORD.finditer(text):
            at = word.start()
            if at < end:
                continue
            known = self._by_first.get(word[0], ())
            found = next((one for one in known if _stands(one[0], text, at)), None)
            if found:
                end = at + len(found[0])
                yield Mark(at, end, found[1].kind)


def _stands(words: str, text: str, at: int) -> bool:
    """True if these words stand there whole; letters may have a plural's s."""
    if not text.startswith(words, at):
        return False
    after = text[at + len(words) : at + len(words) + 2]
    return not after[:1].isalnum() or (after[0] == "s" and not after[1:].isalnum())


def _kept(text: str, before: Line) -> Iterator[Mark]:
    """Give the marks in the words at both ends that are as before."""
    old = before.text
    head, tail = _count_equal(text, old), _count_equal(text[::-1], old[::-1])
    shift = len(text) - len(old)
    for mark in before.marks:
        if mark.end < head:
            yield mark
        elif mark.start > max(len(old) - tail, head - shift):
            yield Mark(mark.start + shift, mark.end + shift, mark.kind)


def _count_equal(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
