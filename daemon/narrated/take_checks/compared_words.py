"""Words as they are compared: numbers, letters and contractions written in one way."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from narrated.engines.interface import Mark
from narrated.script.english.rule_engine import word_set
from narrated.script.language_codes import base_language, is_english
from narrated.take_checks.digit_words import digit_words, number_end
from narrated.take_checks.word_sounds import sound_key

_WIDE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
"""Scripts that part no words."""
_WORD = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+(?:['’][^\W_{_WIDE}]+)*")
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’)\]]*\s*[\"'“‘(\[]*$|^\W*$")
_WIDE_SIGN = re.compile(f"[{_WIDE}]")
_WIDE_WORD = 0.5
"""Words that a sign of such a script counts for."""

_LIGHT = word_set("a an and dot of on point slash the")
"""Words that voices swallow and Whisper adds, or writes as a sign."""
_HESITATIONS = word_set("uh um uhm er erm hm hmm mm mhm mmm")
_NOUNS_IN_CAPITALS = frozenset(("de", "lb"))
"""Languages in which a capital says nothing."""
_CONTRACTIONS = {
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "shan't": "shall not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "ok": "okay",
    "mr": "mister",
    "dr": "doctor",
    "vs": "versus",
    "percent": "per cent",
}
_ENDINGS = {"n't": "not", "'re": "are", "'ll": "will", "'ve": "have", "'m": "am", "'d": "would"}
_IS = word_set("he here how it she that there what when where who why")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text."""

    letters: str
    """As it is compared."""
    key: str
    """Words of an equal key sound alike."""
    written: str
    """As it stands in the text."""
    weight: float = 1.0
    """Words that it counts for."""
    is_name: bool = False
    """True if it may be heard in any other way."""


def words_of(
    text: str, language: str, marks: Sequence[Mark] = (), names: Iterable[tuple[int, int]] = ()
) -> list[Word]:
    """Give the words of a text in its spoken form.

    `names` are places, start and end, that may be heard otherwise, as marked ones may.
    """
    places = {at for start, end in names for at in range(start, end)}
    spelled = list(_spelled(text, language, marks, places))
    return list(_numbered(spelled)) if is_english(language) else spelled


def written_words(text: str, marks: Sequence[Mark] = ()) -> Iterator[str]:
    """Give the words of a text as it has them; spelled letters are one."""
    return (word for _, word, _ in _joined_letters(text, marks))


def _spelled(
    text: str, language: str, marks: Sequence[Mark], names: Collection[int]
) -> Iterator[Word]:
    english = is_english(language)
    found = list(_joined_letters(text, marks))
    capitals = _names_in_capitals(text, [(start, word) for start, word, _ in found], language)
    for start, word, is_marked in found:
        plain = _plain(word)
        is_name = is_marked or start in capitals or start in names
        for part in _parts(plain) if english else [plain.replace("'", "")]:
            if english and part in _HESITATIONS:
                continue
            yield Word(part, _key(part, language), word, _weight(part, english), is_name)


def _joined_letters(text: str, marks: Sequence[Mark]) -> Iterator[tuple[int, str, bool]]:
    """Give the words with their places, and True if they are marked; spelled letters are one."""
    ends = {mark.start: mark.end for mark in marks if mark.kind == "letters"}
    marked = {at for mark in marks for at in range(mark.start, mark.end)}
    run: list[tuple[int, str, bool]] = []
    run_end = -1
    for found in _WORD.finditer(text):
        start, word = found.start(), found[0]
        run_end = max(run_end, ends.get(start, -1))
        is_letter = len(word) == 1 and not word.isdigit() and not _WIDE_SIGN.match(word)
        if run and not (start < run_end or is_letter):
            yield from _letters(run)
            run = []
        if start < run_end or is_letter:
            run.append((start, word, start in marked))
        else:
            yield start, word, start in marked
    yield from _letters(run)


def _letters(run: list[tuple[int, str, bool]]) -> Iterator[tuple[int, str, bool]]:
    if run:
        yield run[0][0], "".join(word for _, word, _ in run), any(each[2] for each in run)


def _names_in_capitals(
    text: str, words: Sequence[tuple[int, str]], language: str
) -> frozenset[int]:
    """Give the places of words with a capital inside a sentence; none if most have one."""
    if base_language(language) in _NOUNS_IN_CAPITALS:
        return frozenset()
    inside = [
        (start, word)
        for start, word in words
        if not _SENTENCE_END.search(text[max(0, start - 12) : start])
    ]
    found = [start for start, word in inside if word[0].isupper() and word != "I"]
    return frozenset(found) if 2 * len(found) <= len(inside) + 1 else frozenset()


def _plain(word: str) -> str:
    """Write a word in lower case, without accents."""
    word = word.replace("’", "'").casefold()
    if word.isascii() or _WIDE_SIGN.match(word):
        return word
    parts = unicodedata.normalize("NFKD", word)
    return "".join(sign for sign in parts if not unicodedata.combining(sign)) or word


def _parts(word: str) -> list[str]:
    """Write a contraction of English in full."""
    if whole := _CONTRACTIONS.get(word):
        return whole.split()
    for ending, full in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return [word.removesuffix(ending), full]
    first = word.removesuffix("'s")
    if first != word and first in _IS:
        return [first, "is"]
    return [word.replace("'", "")]


def _weight(word: str, english: bool) -> float:
    if english and word in _LIGHT:
        return 0.0
    return _WIDE_WORD if _WIDE_SIGN.match(word) else 1.0


def _key(word: str, language: str) -> str:
    if is_english(language):
        return sound_key(word)
    if base_language(language) in ("zh", "yue") and _WIDE_SIGN.match(word):
        from anyascii import anyascii  # late: few texts are Chinese

        return str(anyascii(word)).lower()  # the sound of a sign, in either script
    return word


def _numbered(words: list[Word]) -> Iterator[Word]:
    """Write each number digit by digit; together the digits weigh what its words did."""
    spelled = [word.letters for word in words]
    at = 0
    while at < len(words):
        end = number_end(spelled, at)
        if end == at:
            yield words[at]
            at += 1
            continue
        digits = digit_words(spelled[at:end])
        written = " ".join(word.written for word in words[at:end])
        weight = sum(word.weight for word in words[at:end]) / len(digits)
        is_name = any(word.is_name for word in words[at:end])
        for digit in digits:
            yield Word(digit, sound_key(digit), written, weight, is_name)
        at = end
