"""Finds words that no voice can be trusted with: their letters, or their capitals, are unusual.

The embedded voices look words up in lists of exceptions, and say all others by their letters, as
neural voices do. So the letters tell whom to ask about: "nginx" begins as no English word does.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from narrated.script.english.calendar_names import DAYS, MONTHS
from narrated.script.language_codes import base_language
from narrated.script.script import Chunk, Role

_WORD = re.compile(r"[^\W\d_](?:[\w'’]*\w)?")
_POSSESSIVE = re.compile(r"['’]s?$")
_ENDS_SENTENCE = re.compile(r"[.!?:…][\"'”’)\]]*\s*[\"'“‘(\[]*$")
_INNER_CAPITAL = re.compile(r"[^\W\d_][^\W_]*[A-Z]|[^\W\d_]\d|\d[^\W\d_]")
_HEADLINES = (Role.TITLE, Role.BYLINE, Role.HEADING)
"""Their words may have capitals without being names."""
_CAPITAL_NOUNS = ("de", "lb")
_FEWEST_LETTERS = 3
_COMMON_NAMES = frozenset((*MONTHS, *DAYS.values()))


class Oddity(StrEnum):
    """The unusual part of a word."""

    LETTERS = "letters"  # no English word has them in this order
    MIXED = "mixed"  # capitals or digits inside
    NAME = "name"  # it has a capital amid sentences, and is never written without


class UnknownWord(msgspec.Struct, frozen=True):
    """A word that may need an entry in a lexicon."""

    word: str
    count: int
    why: Oddity
    file: str
    """The first file that has it."""


class WordCounts:
    """Counts the words of chunks, as voices get them: after lexicon and normalisation."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._oddities: dict[str, Oddity] = {}
        self._first_file: dict[str, str] = {}
        self._plain: set[str] = set()
        """Words that are written without a capital somewhere."""

    def add(self, chunk: Chunk, file: str) -> None:
        """Count the words of a chunk, but those that are letters or terms of narrated's own."""
        for at, word in _words(chunk):
            if word == word.lower():
                self._plain.add(word)
            if oddity := _oddity(chunk, at, word):
                self._oddities.setdefault(word, oddity)
                self._first_file.setdefault(word, file)
                self._counts[word] += 1
            elif word in self._oddities:
                self._counts[word] += 1  # a name where a sentence begins

    def unknown(self) -> list[UnknownWord]:
        """List the unusual words, the most frequent first."""
        merged: Counter[str] = Counter()
        for word, count in self._counts.items():
            lower = word.lower()  # its entry holds for every case
            merged[lower if lower in self._counts else word] += count
        found = (
            UnknownWord(word, count, self._oddities[word], self._first_file[word])
            for word, count in merged.items()
            if self._oddities[word] is not Oddity.NAME or word.lower() not in self._plain
        )
        return sorted(found, key=lambda each: (-each.count, each.word))


def _words(chunk: Chunk) -> Iterator[tuple[int, str]]:
    """Yield the place of each word and the word, without a possessive's ending."""
    marked = [(mark.start, mark.end) for mark in chunk.marks]
    for found in _WORD.finditer(chunk.text):
        word = _POSSESSIVE.sub("", found[0])
        if len(word) >= _FEWEST_LETTERS and not _is_within(found.start(), marked):
            yield found.start(), word


def _is_within(place: int, parts: Iterable[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in parts)


def _oddity(chunk: Chunk, at: int, word: str) -> Oddity | None:
    language = base_language(chunk.language)
    if _INNER_CAPITAL.match(word):
        return Oddity.MIXED
    if language == "en" and has_odd_letters(word):
        return Oddity.LETTERS
    is_name = word[0].isupper() and word not in _COMMON_NAMES and language not in _CAPITAL_NOUNS
    if is_name and chunk.role not in _HEADLINES and not _begins_sentence(chunk.text, at):
        return Oddity.NAME
    return None


def _begins_sentence(text: str, at: int) -> bool:
    before = text[max(0, at - 8) : at]
    return not text[:at].strip("\"'“‘([ ") or _ENDS_SENTENCE.search(before) is not None


def has_odd_letters(word: str) -> bool:
    """True if a word has three letters in an order that no English word has."""
    word = f"^{word.lower()}$"
    if not word[1:-1].isascii() or not word[1:-1].isalpha():
        return False
    triples = _english_triples()
    return any(word[at : at + 3] not in triples for at in range(len(word) - 2))


@cache
def _english_triples() -> frozenset[str]:
    file = resources.files("narrated.script.english") / "letter_triples.txt"
    lines = file.read_text(encoding="ascii").splitlines()
    rows = (line for line in lines if not line.startswith("#"))
    return frozenset(row[:2] + letter for row in rows for letter in row[2:])
