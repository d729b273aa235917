"""Align the written words of a line with its spoken ones, sentence by sentence.

The two are split apart from each other: "Approx. 8 GB." is one sentence or two, "About eight
gigabytes." is one. Equal sentences at both ends stand together. Those between are laid side by side
by a dynamic programming: one to one, or a few to a few, so that the most words are shared (Gale and
Church 1993, with words in place of lengths).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product, takewhile
from math import inf

from narrated.script.script import Sentence
from narrated.script.sentence_split import split_sentences
from narrated.script.words_of_text import words_of_text

_GROUPS = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))
"""Numbers of spoken and of written sentences that may stand side by side."""
_DETOUR = 1.5
"""Shared words that a group must bring for each sentence beyond one to one."""
_BAND = 4
"""Sentences by which a place in one text may be ahead of its share in the other."""

_FEW, _SHORT_CHARACTERS = 20, 20
"""More than so many sentences, of fewer characters each, stay one sentence."""

_END_INSIDE = re.compile(r"[.!?][^\w\s.!?]*\s")

_Place = tuple[int, int]
"""So many spoken and so many written sentences from the start."""


def aligned_sentences(spoken: str, written: str, language: str) -> tuple[Sentence, ...]:
    """Give the sentences of a spoken text with their written words.

    None if the text is one sentence, and written as it is spoken.
    """
    said = _split(spoken, language)
    if written == spoken:
        return () if len(said) == 1 else tuple(map(Sentence, _starts(spoken, said)))
    read = _split(written, language)
    if len(said) == len(read) == 1:
        return (Sentence(0, written),)
    found = tuple(_sentences(spoken, said, read))
    return () if found == (Sentence(0),) else found


def _split(text: str, language: str) -> list[str]:
    """Split a text; most headings, items and cells are seen to be one sentence at a look."""
    if text.isascii() and not _END_INSIDE.search(text):
        return [text.strip()]
    return split_sentences(text, language)


def _starts(text: str, sentences: Sequence[str]) -> list[int]:
    """Give the places of sentences in their text, of which only white space is lost."""
    starts, end = [], 0
    for one in sentences:
        start = max(end, text.find(one, end))
        starts.append(start)
        end = start + len(one)
    return starts


def _sentences(spoken: str, said: Sequence[str], read: Sequence[str]) -> Iterator[Sentence]:
    starts = _starts(spoken, said)
    at = other = 0
    for end, other_end in _with_number(_group_ends(said, read), read):
        words = read[other] if other_end - other == 1 else " ".join(read[other:other_end])
        heard = spoken[starts[at] : starts[end - 1] + len(said[end - 1])]
        yield Sentence(starts[at], "" if words == heard else words)
        at, other = end, other_end


def _with_number(ends: list[_Place], read: Sequence[str]) -> list[_Place]:
    """Join a number at the start, such as that of a list's item, to the sentence after it."""
    is_number = len(ends) > 1 and not any(map(str.isalpha, "".join(read[: ends[0][1]])))
    return ends[1:] if is_number else ends


def _group_ends(said: Sequence[str], read: Sequence[str]) -> list[_Place]:
    """Group the sentences of both so that each group has some of either; give the groups' ends."""
    if len(said) == len(read) and all(map(_are_alike, said, read)):
        return [(at, at) for at in range(1, len(said) + 1)]
    head = _count_equal(said, read)
    tail = _count_equal(said[:head:-1], read[:head:-1])
    end, other_end = len(said) - tail, len(read) - tail
    between = _between(said[head:end], read[head:other_end])
    return [
        *((at, at) for at in range(1, head + 1)),
        *((head + at, head + other) for at, other in between),
        *((end + at, other_end + at) for at in range(1, tail + 1)),
    ]


def _are_alike(spoken: str, written: str) -> bool:
    """True if two sentences share a word, or one is but a number, which is said in others."""
    # Most begin with the same word: to look at it alone is far cheaper.
    if spoken.split(None, 1)[:1] == written.split(None, 1)[:1]:
        return True
    if set(spoken.split()).isdisjoint(written.split()):
        return not any(map(str.isalpha, written))
    return True


def _count_equal(said: Sequence[str], read: Sequence[str]) -> int:
    """Count equal sentences at the start; one of either stays, should the others have no match."""
    pairs = zip(said, read, strict=False)
    equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return max(0, min(equal, len(said) - 1, len(read) - 1))


def _between(said: Sequence[str], read: Sequence[str]) -> list[_Place]:
    if len(said) == len(read) and all(map(_are_alike, said, read)):
        return [(at, at) for at in range(1, len(said) + 1)]
    if _are_many_short(said, read):
        return [(len(said), len(read))]
    return _ends(len(said), len(read), _SharedWords(said, read))


def _are_many_short(said: Sequence[str], read: Sequence[str]) -> bool:
    """True for "1. 2. 3. …": to lay it side by side costs far more than all else of a text."""
    characters = sum(map(len, said)) + sum(map(len, read))
    return (len(said) + len(read) - _FEW) * _SHORT_CHARACTERS > characters


def _ends(said: int, read: int, shared: Mapping[_Place, int]) -> list[_Place]:
    """Give the ends of the best groups; the last one's alone if no way leads there."""
    scores: dict[_Place, float] = {(0, 0): 0.0}
    before: dict[_Place, _Place] = {}
    for place in _near_diagonal(said, read):
        for start in ((place[0] - one, place[1] - other) for one, other in _GROUPS):
            if start not in scores:
                continue
            inside = product(range(start[0], place[0]), range(start[1], place[1]))
            beyond = sum(place) - sum(start) - 2
            score = scores[start] + sum(shared[pair] for pair in inside) - _DETOUR * beyond
            if score > scores.get(place, -inf):
                scores[place], before[place] = score, start
    ends = [(said, read)]
    while (start := before.get(ends[-1], (0, 0))) != (0, 0):
        ends.append(start)
    return ends[::-1]


def _near_diagonal(said: int, read: int) -> Iterator[_Place]:
    """Give the places at which a group may end; as many as the sentences, so that it is linear."""
    for at in range(1, said + 1):
        middle = at * read // said
        for other in range(max(1, middle - _BAND), min(read, middle + _BAND) + 1):
            yield at, other


class _SharedWords(dict[_Place, int]):
    """The number of words that a spoken and a written sentence share, counted when asked for."""

    def __init__(self, said: Sequence[str], read: Sequence[str]) -> None:
        self._said, self._read = list(map(_words, said)), list(map(_words, read))

    def __missing__(self, place: _Place) -> int:
        self[place] = len(self._said[place[0]] & self._read[place[1]])
        return self[place]


def _words(sentence: str) -> set[str]:
    return set(words_of_text(sentence.lower()))
