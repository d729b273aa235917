"""Parts of a text that Pico says whole, each by itself.

In a sentence of some four hundred letters Pico's sound overflows: the rest of it crackles. It drops
what is after some two hundred letters of a word, and fails on a number of fifty digits.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, takewhile

_MOST = 300
"""The letters of a sentence that is said whole."""
_LETTERS_OF_A_SIGN = 8
"""A digit or a sign counts for so many: it may be said as a word."""
_LETTERS_OF_A_WORD = 6
"""A word counts for at least so many: it may be a letter that is said by its name."""
_LONGEST_WORD = 100
_NEAR = 0.4
_SENTENCE_ENDS = ".!?"
_CLAUSE_ENDS = ",;:"
_REPEATED = re.compile(r"([^\w\s]|_)\1{3,}")


def whole_parts(text: str) -> Iterator[str]:
    """Yield a text in parts: one, unless a sentence is too long. Such a one is cut at clauses."""
    part: list[str] = []
    for sentence in _sentences(_short_words(_REPEATED.sub(r"\1\1\1", text))):
        *begun, last = _divided(sentence)
        for words in begun:
            yield " ".join([*part, *words])
            part = []
        part += last
    if part:
        yield " ".join(part)


def _short_words(text: str) -> Iterator[str]:
    """Yield the words of a text, one that is too long in equal parts."""
    for word in text.split():
        count = max(math.ceil(_length(word) / _MOST), math.ceil(len(word) / _LONGEST_WORD))
        step = math.ceil(len(word) / count)
        yield from (word[at : at + step] for at in range(0, len(word), step))


def _sentences(words: Iterable[str]) -> Iterator[list[str]]:
    sentence: list[str] = []
    for word in words:
        sentence.append(word)
        if word[-1] in _SENTENCE_ENDS:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _divided(words: Sequence[str]) -> list[Sequence[str]]:
    """Divide a sentence into parts of about one length, at a clause's end if one is near."""
    parts: list[Sequence[str]] = []
    left = sum(map(_length, words))
    while left > _MOST:
        end, length = _first_part(words, left / math.ceil(left / _MOST))
        parts.append(words[:end])
        words, left = words[end:], left - length
    return [*parts, words]


def _first_part(words: Sequence[str], wanted: float) -> tuple[int, int]:
    """Give the number of words that are nearest to this length, and their length."""
    ends = list(takewhile(lambda end: end[1] <= _MOST, _running_lengths(words))) or [(1, _MOST)]
    clauses = [
        (end, length)
        for end, length in ends
        if words[end - 1][-1] in _CLAUSE_ENDS and abs(length - wanted) < wanted * _NEAR
    ]
    return min(clauses or ends, key=lambda end: abs(end[1] - wanted))


def _running_lengths(words: Iterable[str]) -> Iterator[tuple[int, int]]:
    return enumerate(accumulate(map(_length, words)), start=1)


def _length(word: str) -> int:
    letters = sum(map(str.isalpha, word))
    signs = len(word.strip(_SENTENCE_ENDS + _CLAUSE_ENDS)) - letters
    return max(letters + _LETTERS_OF_A_SIGN * max(signs, 0), _LETTERS_OF_A_WORD)
