"""Give the parts of a line that is cut into chunks their sentences.

A sentence that is cut begins in one part and goes on in the next ones. Each has its share of the
written words, and knows if a space stands before it in the line: a long word has none inside.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from narrated.script.script import Forms, Sentence

_WHOLE = (Sentence(0),)
_NEAR = 4
"""Words by which a cut may be moved."""
_WORD, _SIGN = re.compile(r"\S+\s*"), re.compile(r"\S\s*")
_FORMS: dict[tuple[bool, bool], Forms] = {
    (False, False): "",
    (True, False): "spoken",
    (False, True): "written",
    (True, True): "both",
}


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
        for number, one in _pieces(sentence, spoken, places[sentence.start : end], parts):
            is_close = one.start and sentence.start and not text[sentence.start - 1].isspace()
            if is_close and not one.goes_on:
                one = replace(one, without_space="both")
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
    sentence: Sentence, spoken: str, places: Sequence[tuple[int, int]], parts: Sequence[str]
) -> Iterator[tuple[int, Sentence]]:
    """Give the pieces of a sentence, each with the number of its part."""
    changes = enumerate(pairwise(places), start=1)
    begins = [0, *(at for at, (one, other) in changes if one[0] != other[0])]
    said = [spoken[begin:end] for begin, end in pairwise([*begins, len(spoken)])]
    read = _shares(sentence.written, said)
    before = (" ", " ")
    for begin, words, share in zip(begins, said, read, strict=True):
        number, at = places[begin]
        written = share.strip() if share else _unlike(parts[number], at, words.strip())
        yield number, Sentence(at, written, begin > 0, _without_space(*before))
        before = words, share or words


def _unlike(part: str, at: int, words: str) -> str:
    """Give the words of a line that a part has with other spaces; nothing if they are equal."""
    return "" if part.startswith(words, at) else words


def _without_space(spoken: str, written: str) -> Forms:
    """Name the forms that do not end with a space."""
    return _FORMS[not spoken[-1:].isspace(), not written[-1:].isspace()]


def _shares(written: str, spoken: Sequence[str]) -> list[str]:
    """Share written words out to the spoken pieces, by their lengths and their first words.

    They keep the spaces that follow them.
    """
    if len(spoken) == 1:
        return [written]
    for unit in (_WORD, _SIGN):  # a long number or address goes on inside
        if len(units := unit.findall(written)) >= len(spoken):
            return _cut(units, spoken)
    return [""] * len(spoken)


def _cut(words: Sequence[str], spoken: Sequence[str]) -> list[str]:
    """Cut words at shares of a length; each piece has at least one."""
    length = sum(map(len, spoken))
    ends, done = [0], 0
    for number, (before, after) in enumerate(pairwise(spoken), start=1):
        done += len(before)
        share = _near(words, round(done * len(words) / length), after.split()[:1])
        ends.append(min(max(share, ends[-1] + 1), len(words) - len(spoken) + number))
    return ["".join(words[at:end]) for at, end in pairwise([*ends, len(words)])]


def _near(words: Sequence[str], share: int, first: Sequence[str]) -> int:
    """Move a cut to the word with which the spoken piece begins, if that is near."""
    around = sorted(range(max(0, share - _NEAR), share + _NEAR), key=lambda at: abs(at - share))
    begins = ((at, [each.rstrip() for each in words[at : at + 1]]) for at in around)
    return next((at for at, begin in begins if begin == [*first]), share)
