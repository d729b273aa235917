"""Places in a text at which a voice may pause, and the time that the words between them take."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

# Signs that end a piece stay with it; a dash divides words without a space, and so do the stops of
# languages that write none.
_PIECE = re.compile(r"[^\s—。！？、，]+[—。！？、，]*|[—。！？、，]+")
_CLOSING = "\"”’')]»"
_OPENING = "\"“‘'([«—–"
_STOPS = ".!?…。！？"
_CLAUSES = ";:—–"
_COMMAS = ",、，"
_SPOKEN_AS_WORDS = "aAI"

# In letters, as a least-squares fit to what espeak and Pico take for half of the tests' posts and
# of docs/: sentences differ from it by a twelfth.
_EFFORT_OF_A_WORD = 0.8
_EFFORT_OF_A_NAMED_LETTER = 1.5
_EFFORT_OF_A_DIGIT = 4.0


class PauseKind(IntEnum):
    """The sign at which a voice may pause."""

    SENTENCE = 0
    SMALL_SENTENCE = auto()
    """The start of a sentence in a small letter: espeak reads on."""
    STOP = auto()
    """A dot inside a sentence, as in "Dr. Smith"."""
    CLAUSE = auto()
    COMMA = auto()


@dataclass(frozen=True, slots=True)
class PausePlace:
    """A place in a text at which a voice may pause."""

    place: int
    """The character after the pause."""
    kind: PauseKind
    effort: float
    """The speech before it, in letters."""


def pause_places(text: str, starts: Sequence[int]) -> tuple[list[PausePlace], float]:
    """Return the places in order, and the effort of the whole text.

    `starts` are the characters at which sentences begin, but for the first sentence.
    """
    sentences = set(starts)
    places: list[PausePlace] = []
    effort, before = 0.0, ""
    for at, piece in _pieces(text, starts):
        kind = _sentence_kind(piece) if at in sentences else _kind(before, piece)
        if kind is not None and before:
            places.append(PausePlace(at, kind, effort))
        effort += _effort(piece)
        before = piece
    return places, effort


def _pieces(text: str, starts: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield the words of a text with their places; the start of a sentence begins one as well."""
    for match in _PIECE.finditer(text):
        begin, end = match.span()
        inside = starts[bisect_left(starts, begin + 1) : bisect_left(starts, end)]
        for at, until in zip([begin, *inside], [*inside, end], strict=True):
            yield at, text[at:until]


def _sentence_kind(piece: str) -> PauseKind:
    first = piece.lstrip(_OPENING)[:1]
    return PauseKind.SMALL_SENTENCE if first.islower() else PauseKind.SENTENCE


def _kind(before: str, piece: str) -> PauseKind | None:
    """The kind of pause between two words of a sentence; None if there is no sign for one."""
    last = before.rstrip(_CLOSING)[-1:]
    if last and last in _STOPS:
        return PauseKind.STOP
    if (last and last in _CLAUSES) or piece[0] in "—–-":
        return PauseKind.CLAUSE
    if (last and last in _COMMAS) or (before and before[-1] in _CLOSING) or piece[0] in _OPENING:
        return PauseKind.COMMA
    return None


def _effort(piece: str) -> float:
    letters = [sign for sign in piece if sign.isalnum()]
    if not letters:
        return 0.0
    digits = sum(map(str.isdigit, letters))
    is_named = len(letters) == 1 and letters[0] not in _SPOKEN_AS_WORDS
    named = _EFFORT_OF_A_NAMED_LETTER if is_named else 0.0
    return len(letters) - digits + _EFFORT_OF_A_DIGIT * digits + _EFFORT_OF_A_WORD + named
