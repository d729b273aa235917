"""Give the parts of a line that is cut into chunks their sentences.

A sentence that is cut begins in one part and goes on in the next ones. Each has its share of the
written words.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from narrated.script.script import Sentence

_WHOLE = (Sentence(0),)
_NEAR = 4
"""Words by which a cut may be moved."""


def sentences_of_parts(
    sentences: Sequence[Sentence], text: str, parts: Sequence[str]
) -> list[tuple[Sentence, ...]]:
    """Give the sentences of each part of a text; the parts differ from it in spaces alone."""
    if not parts or parts == [text]:
        return [tuple(sentences)] * len(parts)
    if " ".join(parts) == text and not any(one.written for one in sentences):
        return _as_spoken(sentences, parts)
    places = list(_places(text, parts))
    found: list[list[Sentence]] = [[] for _ in parts]
    ends = [*(one.start for one in sentences[1:]), len(text)]
    for sentence, end in zip(sentences or _WHOLE, ends, strict=True):
        spoken = text[sentence.start : end]
        for number, one in _pieces(sentence, spoken, places[sentence.start : end]):
            found[number].append(one)
    return [() if tuple(each) == _WHOLE else tuple(each) for each in found]


def _as_spoken(sentences: Sequence[Sentence], parts: Sequence[str]) -> list[tuple[Sentence, ...]]:
    """Give the sentences of parts that are written as they are spoken, with a space between."""
    starts = [one.start for one in sentences or _WHOLE]
    found: list[tuple[Sentence, ...]] = []
    begin = at = 0
    for part in parts:
        inside = bisect_left(starts, begin + len(part), at)
        own = tuple(Sentence(start - begin) for start in starts[at:inside])
        if not own or own[0].start:
            own = (Sentence(0, goes_on=True), *own)
        found.append(() if own == _WHOLE else own)
        begin, at = begin + len(part) + 1, inside
    return found


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
    sentence: Sentence, spoken: str, places: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, Sentence]]:
    """Give the pieces of a sentence, each with the number of its part."""
    changes = enumerate(pairwise(places), start=1)
    begins = [0, *(at for at, (one, other) in changes if one[0] != other[0])]
    spans = pairwise([*begins, len(spoken)])
    written = _shares(sentence.written, [spoken[begin:end] for begin, end in spans])
    for begin, words in zip(begins, written, strict=True):
        number, at = places[begin]
        yield number, replace(sentence, start=at, written=words, goes_on=begin > 0)


def _shares(written: str, spoken: Sequence[str]) -> list[str]:
    """Share written words out to the spoken pieces, by their lengths and their first words."""
    if len(written) < len(spoken):
        return [""] * len(spoken)
    words = written.split()
    if len(words) < len(spoken):  # a long number or address: it goes on inside
        return _cut(list(written), spoken, "")
    return _cut(words, spoken, " ")


def _cut(words: Sequence[str], spoken: Sequence[str], joint: str) -> list[str]:
    """Cut words at shares of a length; each piece has at least one."""
    length = sum(map(len, spoken))
    ends, done = [0], 0
    for number, (before, after) in enumerate(pairwise(spoken), start=1):
        done += len(before)
        share = _near(words, round(done * len(words) / length), after.split()[:1])
        ends.append(min(max(share, ends[-1] + 1), len(words) - len(spoken) + number))
    return [joint.join(words[at:end]) for at, end in pairwise([*ends, len(words)])]


def _near(words: Sequence[str], share: int, first: Sequence[str]) -> int:
    """Move a cut to the word with which the spoken piece begins, if that is near."""
    around = sorted(range(max(0, share - _NEAR), share + _NEAR), key=lambda at: abs(at - share))
    return next((at for at in around if [*words[at : at + 1]] == [*first]), share)
