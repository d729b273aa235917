"""A text as Piper speaks it: in sentences, each with its phonemes and its place in the text.

Piper runs words together at an ellipsis, and takes what is in double brackets for phonemes: for
many opening ones it searches in quadratic time. It tells no place of a sentence, so the places are
those of our own sentences, if Piper makes as many of them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Phonemes = list[str]
Phonemize = Callable[[str], list[Phonemes]]

MOST_PHONEMES = 500
"""Of a sentence that is spoken whole: about half a minute."""

_UNSPOKEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ELLIPSIS = re.compile(r"…+|\.{2,}")
_NEXT_WORD = re.compile(r"[\W_]{0,20}+(\w?)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’»)\]]*+\s++(?=\S)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Phonemes that are spoken at once."""

    phonemes: Phonemes
    begins: bool
    """True if a sentence begins with it."""
    start: int | None
    """The character at which that sentence begins; None if nobody can tell."""


def written_for_piper(text: str) -> str:
    """Replace what Piper misreads by as many characters."""
    text = _UNSPOKEN.sub(" ", text).replace("[[", "((")
    return _ELLIPSIS.sub(lambda found: _pause(text, found), text)


def phrases(text: str, phonemize: Phonemize) -> list[Phrase]:
    """Cut a text that is `written_for_piper` into phrases; none if there is nothing to say."""
    spoken = [each for each in phonemize(text) if each]
    starts = _starts(text, len(spoken), phonemize)
    return [
        Phrase(part, number == 0, start if number == 0 else None)
        for phonemes, start in zip(spoken, starts, strict=True)
        for number, part in enumerate(_parts(phonemes))
    ]


def _pause(text: str, found: re.Match[str]) -> str:
    """A comma if the sentence goes on after it, else a full stop."""
    following = _NEXT_WORD.match(text, found.end())
    sign = "," if following and following[1].islower() else "."
    return sign + " " * (len(found[0]) - 1)


def _starts(text: str, count: int, phonemize: Phonemize) -> Sequence[int | None]:
    """The character of each sentence of Piper's; None for all if ours are others."""
    if count < 2:
        return [0] * count
    ends = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    starts: list[int | None] = []
    for begin, end in pairwise(ends):
        spoken = [each for each in phonemize(text[begin:end]) if each]
        starts += [begin if number == 0 else None for number in range(len(spoken))]
    return starts if len(starts) == count else [None] * count


def _parts(phonemes: Phonemes) -> Iterator[Phonemes]:
    """Cut phonemes that are too many in the spaces between words."""
    rest = phonemes
    while len(rest) > MOST_PHONEMES:
        spaces = (at for at in range(MOST_PHONEMES, MOST_PHONEMES // 2, -1) if rest[at] == " ")
        cut = next(spaces, MOST_PHONEMES)
        yield rest[:cut]
        rest = rest[cut:]
    yield rest
