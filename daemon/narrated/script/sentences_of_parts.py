"""Give the parts of a line that is cut into chunks their sentences.

A sentence that is cut begins in one part and goes on in the next ones. Each has its share of the
written words.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from narrated.script.script import Sentence

_WHOLE = (Sentence(0),)


def sentences_of_parts(
    sentences: Sequence[Sentence], text: str, parts: Sequence[str]
) -> list[tuple[Sentence, ...]]:
    """Give the sentences of each part of a text; the parts differ from it in spaces alone."""
    if not parts or parts == [text]:
        return [tuple(sentences)] * len(parts)
    places = list(_places(text, parts))
    found: list[list[Sentence]] = [[] for _ in parts]
    ends = [*(one.start for one in sentences[1:]), len(text)]
    for sentence, end in zip(sentences or _WHOLE, ends, strict=True):
        for number, one in _pieces(sentence, places[sentence.start : end]):
            found[number].append(one)
    return [() if tuple(each) == _WHOLE else tuple(each) for each in found]


def _places(text: str, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Give the part of each sign of a text, and its place there; of a space, those before it."""
    signs = (
        (number, at)
        for number, part in enumerate(parts)
        for at, sign in enumerate(part)
        if not sign.isspace()
    )
    last = (0, 0)
    for sign in text:
        last = last if sign.isspace() else next(signs, last)
        yield last


def _pieces(
    sentence: Sentence, places: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, Sentence]]:
    """Give the pieces of a sentence, each with the number of its part."""
    begins = [at for at, (one, other) in enumerate(pairwise(places), start=1) if one[0] != other[0]]
    written = _shares(sentence.written, [0, *begins, len(places)])
    for begin, words in zip([0, *begins], written, strict=True):
        number, at = places[begin]
        yield number, replace(sentence, start=at, written=words, goes_on=begin > 0)


def _shares(written: str, begins: Sequence[int]) -> list[str]:
    """Share written words out by the lengths of the spoken pieces."""
    count = len(begins) - 1
    words = written.split()
    if len(written) < count:
        return [""] * count
    if len(words) < count:  # a long number or address: it goes on inside
        return _cut(list(written), begins, "")
    return _cut(words, begins, " ")


def _cut(words: Sequence[str], begins: Sequence[int], joint: str) -> list[str]:
    """Cut words at shares of a length; each piece has at least one."""
    count = len(begins) - 1
    ends = [0]
    for number, begin in enumerate(begins[1:-1], start=1):
        share = round(begin * len(words) / begins[-1])
        ends.append(min(max(share, ends[-1] + 1), len(words) - count + number))
    return [joint.join(words[at:end]) for at, end in pairwise([*ends, len(words)])]
