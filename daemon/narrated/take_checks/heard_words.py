"""Compare what a hearing model heard of a take with what its text says.

A run of two words or more that was added or lost is a fault, and so is one long word that was lost;
and too many letters heard otherwise, in one place or in all. Spelling is none: numbers, letters,
contractions, joined words and words that sound alike are the same, and a name or a word of the
lexicon may be heard in any way. `bench/takes.py limits` has the limits' catches and false alarms.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import msgspec

from narrated.engines.interface import Mark
from narrated.script.lexicon import Lexicon
from narrated.script.text_normalisation import normalise_and_mark
from narrated.take_checks.compared_words import Word, words_of
from narrated.take_checks.letter_distance import letter_distance
from narrated.take_checks.verdict import Fault, FaultKind
from narrated.take_checks.word_alignment import Difference, differences
from narrated.take_checks.wrong_words import WrongWords, bounded

MOST_DISTANCE = 0.25
"""The share of letters that may be heard otherwise."""
MOST_DISTANCE_OF_PLACE = 0.65
"""That of neighbouring words, if so many letters of them are others:"""
LEAST_LETTERS_OF_PLACE = 8
LEAST_LOST_LETTERS = 5
"""Of one word that is a fault if nothing is heard for it."""
LEAST_RUN = 2.0
"""Words in a row that are a fault if they are added or lost."""
_LEAST_RUN_LETTERS = 5
"""Letters of such a run: "in it" for "into" is none."""
_LEAST_LETTERS = 5
"""Letters heard otherwise that are a fault: of a text of one word, any ear hears some."""
_NAME_WORDS = 2.0
"""Words more that may be heard for a name."""

_NO_SPEECH = re.compile(r"\[[^\[\]]{0,60}\]")
"""As models write it: "[BLANK_AUDIO]", "[Music]"."""
_LONGEST_HEARD = 20_000
_MOST_TIMES, _MORE_WORDS = 3, 60
"""Heard words beyond so many times those said, and some, are counted and not aligned."""
_FAR_SHARE = 0.8
"""If the letters of all places together are too far off, so many of them are the fault."""
_PAIR_WORDS = 4
_MOST_PAIRS = 20


class HeardWords(msgspec.Struct, frozen=True):
    """The comparison of a take's text with what was heard."""

    faults: tuple[Fault, ...] = ()
    distance: float = 0.0
    """The share of letters that were heard otherwise, from 0 to 1."""
    misheard: tuple[tuple[str, str], ...] = ()
    """Words that were said, and what was heard in their place."""
    wrong: tuple[WrongWords, ...] = ()
    """All places that were heard otherwise; none if they are too many."""


def compare(
    said: str,
    heard: str,
    language: str = "en",
    marks: Sequence[Mark] = (),
    lexicon: Lexicon | None = None,
) -> HeardWords:
    """Compare the text of a chunk, in its spoken form, with what was heard of it.

    `lexicon`: that by which the text was made. Errors: those of a lexicon's patterns.
    """
    if any(map(str.isdigit, said)):
        said, marks = normalise_and_mark(said, language)
    heard_text, heard_marks = _spoken(heard[:_LONGEST_HEARD], language, lexicon)
    said_words = words_of(said, language, marks, _pronounced(said, lexicon))
    heard_words = words_of(heard_text, language, heard_marks)
    if not said_words:  # a text of signs alone
        return HeardWords()
    most = _MOST_TIMES * len(said_words) + _MORE_WORDS
    places = differences(said_words, heard_words[:most])
    beyond = sum(word.weight for word in heard_words[most:])
    return _compared(said_words, heard_words, places, beyond)


def _spoken(heard: str, language: str, lexicon: Lexicon | None) -> tuple[str, tuple[Mark, ...]]:
    """Give what was heard as our own rules say it."""
    heard = " ".join(_NO_SPEECH.sub(" ", heard).split())
    if lexicon is not None:
        heard = lexicon.apply(heard)
    return normalise_and_mark(heard, language)


def _pronounced(said: str, lexicon: Lexicon | None) -> Iterator[tuple[int, int]]:
    """Give the places of the lexicon's pronunciations in a text."""
    for phrase in lexicon.pronunciations if lexicon else ():
        at = said.find(phrase)
        while at >= 0:
            yield at, at + len(phrase)
            at = said.find(phrase, at + len(phrase))


def _compared(
    said: Sequence[Word], heard: Sequence[Word], places: Sequence[Difference], beyond: float
) -> HeardWords:
    added = sum(map(_added, places)) + beyond
    missing = sum(map(_missing, places))
    if not heard:
        missing = max(missing, 1.0)
    edits = sum(map(_edits, places))
    letters = max(_letters(said), _letters(heard), 1)
    distance = min(1.0, edits / letters)
    others = [place for place in places if not _added(place) and not _missing(place)]
    faults = [
        *([Fault(FaultKind.WORDS_ADDED, added)] if added else []),
        *([Fault(FaultKind.WORDS_MISSING, missing)] if missing else []),
        *([Fault(FaultKind.MISHEARD, distance)] if _are_misheard(others, letters) else []),
    ]
    pairs = tuple(islice(_pairs(places), _MOST_PAIRS))
    wrong = () if beyond else bounded(_wrong(places, _at_fault(places, others, letters)))
    return HeardWords(tuple(faults), distance, pairs, wrong)


def _are_misheard(places: Sequence[Difference], letters: int) -> bool:
    """True if too much is heard otherwise beside the runs; `letters` are those of the text."""
    return _are_far(places, letters) or any(map(_is_misheard, places))


def _are_far(places: Sequence[Difference], letters: int) -> bool:
    edits = sum(map(_edits, places))
    return edits >= _LEAST_LETTERS and edits > MOST_DISTANCE * letters


def _at_fault(
    places: Sequence[Difference], others: Sequence[Difference], letters: int
) -> Collection[int]:
    """Give the numbers of the words at which the places begin that are faults.

    `others` are those beside the runs. Where they are faults together, it is the largest of them.
    """
    alone = {
        place.at for place in places if _added(place) or _missing(place) or _is_misheard(place)
    }
    return alone | set(_largest(others)) if _are_far(others, letters) else alone


def _largest(places: Sequence[Difference]) -> Iterator[int]:
    left = _FAR_SHARE * sum(map(_edits, places))
    for place in sorted(places, key=_edits, reverse=True):
        if left > 0:
            yield place.at
        left -= _edits(place)


def _wrong(places: Sequence[Difference], faults: Collection[int]) -> list[WrongWords]:
    return [
        WrongWords(
            place.at,
            tuple(word.letters for word in place.said),
            "".join(word.letters for word in place.heard),
            place.at in faults,
        )
        for place in places
    ]


def _is_misheard(place: Difference) -> bool:
    edits, letters = _edits(place), max(_letters(place.said), _letters(place.heard))
    return edits >= LEAST_LETTERS_OF_PLACE and edits > MOST_DISTANCE_OF_PLACE * letters


def _added(place: Difference) -> float:
    """Count the words that were heard beyond those that were said; 0 if they are too few."""
    run = _weight(place.heard) - _weight(place.said)
    run -= _NAME_WORDS * sum(word.is_name for word in place.said)
    is_long = _letters(place.heard) - _letters(place.said) >= _LEAST_RUN_LETTERS
    return run if is_long and run >= LEAST_RUN else 0.0


def _missing(place: Difference) -> float:
    """Count the words that were said beyond those that were heard; 0 if they are too few."""
    run = _weight(place.said) - _weight(place.heard)
    is_long = _letters(place.said) - _letters(place.heard) >= _LEAST_RUN_LETTERS
    return run if (is_long and run >= LEAST_RUN) or _is_lost(place) else 0.0


def _is_lost(place: Difference) -> bool:
    """True if nothing was heard for a word, however few there are, and it is long."""
    is_name = any(word.is_name for word in place.said)
    is_long = _letters(place.said) >= LEAST_LOST_LETTERS and _weight(place.said) > 0
    return is_long and not place.heard and not is_name


def _edits(place: Difference) -> int:
    """Count the letters that were heard otherwise, but those of names."""
    one, other = ("".join(word.letters for word in words) for words in (place.said, place.heard))
    names = sum(len(word.letters) for word in place.said if word.is_name)
    return max(0, letter_distance(one, other) - names)


def _weight(words: Sequence[Word]) -> float:
    return sum(word.weight for word in words)


def _letters(words: Sequence[Word]) -> int:
    return sum(len(word.letters) for word in words)


def _pairs(places: Sequence[Difference]) -> Iterator[tuple[str, str]]:
    """Give what was heard for a few words; the same word stands once for all its parts."""
    for place in places:
        said, heard = (
            list(dict.fromkeys(word.written for word in words))
            for words in (place.said, place.heard)
        )
        if 0 < len(said) <= _PAIR_WORDS and 0 < len(heard) <= _PAIR_WORDS:
            yield " ".join(said), " ".join(heard)
