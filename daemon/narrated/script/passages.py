"""Passages: the parts of a line by language, tidied so that each can be spoken alone."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

_CLOSING = ",.;:!?…)]}»”’\"'%—–-、。！？）」』"
_OPENING = "([{«“‘„\"'¿¡（「『"
_APOSTROPHES = ("'", "’")
_LONGEST_ENDING = 3
"""Letters after an apostrophe that belong to the word before: `Le Monde's`."""


class Passage(NamedTuple):
    """Words of a line in one language; an empty language is that of the post."""

    language: str
    text: str


def tidy_passages(passages: Iterable[Passage]) -> list[Passage]:
    """Join neighbours of one language, keep words whole, and put signs beside their words.

    A passage without a word joins the one before it; so no voice is asked to say a comma.
    """
    joined = _joined(_with_words(passages))
    texts = [one.text for one in joined]
    languages = [one.language for one in joined]
    for at in range(len(texts) - 1):
        texts[at], texts[at + 1] = _moved_signs(
            *_whole_words(texts[at], texts[at + 1], is_left=bool(languages[at]))
        )
    return _joined(map(Passage, languages, texts))


def appended(passages: Iterable[Passage], sign: str) -> list[Passage]:
    """Add a sign to the last passage."""
    *others, last = passages
    return [*others, Passage(last.language, f"{last.text}{sign}")]


def spaced(passages: Iterable[Passage]) -> list[Passage]:
    """Join neighbours of one language with a space, and leave out empty ones."""
    full = (one for one in passages if one.text)
    return [
        Passage(language, " ".join(one.text for one in group))
        for language, group in groupby(full, lambda one: one.language)
    ]


def beside(
    passages: Sequence[Passage], written: Sequence[Passage]
) -> Iterator[tuple[Passage, str]]:
    """Give each passage with its words for the eye.

    A passage of our own words may have none, before the first one in another language. If the
    passages cannot be paired, the eye has their words, too.
    """
    if not written:
        return ((one, one.text) for one in passages)
    ahead = len(passages) - len(written)
    if [one.language for one in passages[ahead:]] != [one.language for one in written]:
        ahead = len(passages)
    words = [*(one.text for one in passages[:ahead]), *(one.text for one in written)]
    return zip(passages, words, strict=False)


def has_words(text: str) -> bool:
    """True if a text has a letter or a digit."""
    return any(map(str.isalnum, text))


def _joined(passages: Iterable[Passage]) -> list[Passage]:
    return [
        Passage(language, "".join(one.text for one in group))
        for language, group in groupby(passages, lambda one: one.language)
    ]


def _with_words(passages: Iterable[Passage]) -> Iterator[Passage]:
    """Give a passage without words to the one before it, or those at the start to the first."""
    passages = list(passages)
    first = next((one.language for one in passages if has_words(one.text)), "")
    language = first
    for one in passages:
        language = one.language if has_words(one.text) else language
        yield Passage(language, one.text)


def _whole_words(left: str, right: str, *, is_left: bool) -> tuple[str, str]:
    """Keep a word whole that changes its language inside: it goes to the marked part."""
    if is_left:
        ending = _length_of_ending(right) if _is_letter(left[-1:]) else 0
        return left + right[:ending], right[ending:]
    start = _start_of_beginning(left) if _is_letter(right[:1]) else len(left)
    return left[:start], left[start:] + right


def _length_of_ending(text: str) -> int:
    """Count the signs at the start of a text that end the word before it: `s`, `'s`."""
    start = 1 if text.startswith(_APOSTROPHES) else 0
    end = start
    while _is_letter(text[end : end + 1]):
        end += 1
    return end if not start or 0 < end - start < _LONGEST_ENDING else 0


def _start_of_beginning(text: str) -> int:
    """Find where the word begins that the text after goes on with: `anti`, `l'`."""
    end = len(text) - text.endswith(_APOSTROPHES)
    start = end
    while start and _is_letter(text[start - 1]):
        start -= 1
    is_word = end == len(text) or 0 < end - start < _LONGEST_ENDING
    return start if is_word else len(text)


def _is_letter(sign: str) -> bool:
    """True for a letter with a case, and a digit: other scripts often part no words."""
    return sign.islower() or sign.isupper() or sign.isdigit()


def _moved_signs(left: str, right: str) -> tuple[str, str]:
    """Move signs that close what is before to the left, and those that open to the right."""
    core = left.rstrip(_OPENING)
    if not core or core[-1].isspace():
        return core, left[len(core) :] + right
    rest = right.lstrip(_CLOSING)
    return left + right[: len(right) - len(rest)], rest
