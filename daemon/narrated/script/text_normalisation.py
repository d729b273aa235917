"""Normalise numbers, signs and addresses: English by rules, other languages by num2words."""

import re

from narrated.engines.interface import Mark
from narrated.script.emoji_names import is_of_emoji, name_emoji
from narrated.script.english.greek import may_be_named, name_greek
from narrated.script.english.rule_engine import after_words, word_set
from narrated.script.english.terms import has_terms, mark_terms
from narrated.script.language_codes import is_english
from narrated.script.marks import unmarked_letters, without_marks
from narrated.script.spoken_numbers import say_decimal, say_number

# Signs of a text that needs rules: a sign or digit, capitals side by side or inside a word, a dot
# inside or after a short word. It begins with a set of rare characters and looks back from them, so
# `re` passes over all others at once. Each alternative matches at its own place: it is linear.
_SHORT_WORDS = word_set("""
    etc approx vs cf ca viz incl dept misc esp al resp ibid avg max govt abbr anon ed eds est
""")
_ODD = re.compile(
    r"[^a-hj-km-uwyzÀ-ɏ\s,'’‘“”!?)\"—…](?:"
    r"(?<=[ivxl])(?:(?<!\w.)(?:[ivxl]{1,4}\b|(?<=v)s\b)|(?<=\sx)(?=-?[DPp/]))"
    r"|(?<=[A-Z])(?:(?<=[A-Za-z].)|(?<!\w.)(?:(?<=[IVXL])\b|(?:(?<=M)(?:rs?|s)|(?<=[DJS])r"
    r"|(?<=P)rof|(?<=S)t) |(?<=[CMS])-[a-z]|(?<=C)(?:trl|md)-|(?<=A)lt-|(?<=S)hift-|(?<=O)-O"
    r"|(?<=[A-G])b (?:ma|mi))|(?<=A)(?!\w)(?<![\w'’]A)(?:(?<=[a-z] A)|(?! [a-z])))"
    r"|(?<=\.)(?:\w|(?<=\b[A-Za-z].)|(?<=\b[A-Z][a-z].)|(?<=\b[A-Z][a-z]{2}.)"
    rf"|(?<=\b[A-Z][a-z]{{3}}.)|(?<=\b[A-Z][a-z]{{4}}.)|{after_words(_SHORT_WORDS, '.')})"
    r"|(?<=\w\()\w|(?<=\w:):?\w|(?<=\w\()\)|(?<=-)(?<!\w.)\w|(?<=\s[:;])(?=-?[DPp/])|(?<=[a-z][-–])"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Ju[nl]|Aug|Sep|Oct|Nov|Dec)"
    r"|(?<![A-Za-z.:;(–-]))"
)
# After a whole word and its full stop, no rule looks back.
_SENTENCE_END = re.compile(r"[.!?](?<=[a-z]{5}.)(?<!approx\.)\s+(?=[A-Z“\"'‘(])")
_LONGEST_TOKEN = 300
_TOKEN = re.compile(rf"\S{{{_LONGEST_TOKEN}}}(?=\S)")
# Signs of typesetting and of writing direction have no sound.
_SILENT = (0xAD, 0x200B, 0x200E, 0x200F, 0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# A thin space, or one that does not break, parts the thousands of a number.
_THIN_SPACES = "\u2009\u202f\u2007\xa0"
_THIN = re.compile(rf"(?<=\d)[{_THIN_SPACES}](?=\d{{3}}(?!\d))")
_SUBSCRIPTS = {0x2080 + digit: str(digit) for digit in range(10)}
_UNIFORM = {
    0xA0: " ",
    0x202F: " ",
    0x2009: " ",
    0x2011: "-",
    **dict.fromkeys(_SILENT),
    **_SUBSCRIPTS,
}
_TO_UNIFY, _TO_NAME_GREEK, _TO_NAME_EMOJI = 1, 2, 4


class _Steps(dict[str, int]):
    """The steps that a sign needs, as bits; most signs beyond ASCII need none."""

    def __missing__(self, sign: str) -> int:
        is_uneven = ord(sign) in _UNIFORM or unmarked_letters(sign) != sign
        steps = _TO_UNIFY if is_uneven or sign in _THIN_SPACES else 0
        steps |= _TO_NAME_GREEK if may_be_named(sign) else 0
        self[sign] = steps | (_TO_NAME_EMOJI if is_of_emoji(sign) else 0)
        return self[sign]

    def of(self, text: str) -> int:
        """Unite the steps of all signs of a text."""
        steps = 0
        for sign in set(text):
            if not sign.isascii():
                steps |= self[sign]
        return steps


_STEPS = _Steps()
_INTEGER = re.compile(r"(?<![\w.,:/-])(?P<minus>(?<!\S)[-−])?\d+(?![\w:/-]|[.,]\d)")
_DECIMAL = re.compile(
    r"(?<![\w.,:/-])(?P<minus>(?<!\S)[-−])?(\d+)[.,](\d{1,2}|\d{4,})(?![\w:/-]|[.,]\d)"
)


def normalise(text: str, language: str = "en") -> str:
    """Write a text's numbers and signs as words; words stay unchanged."""
    return normalise_and_mark(text, language)[0]


def normalise_and_mark(text: str, language: str = "en") -> tuple[str, tuple[Mark, ...]]:
    """Write a text's numbers and signs as words, and mark the letters that are spelled."""
    said = _normalise(text, language) if _ODD.search(text) else text
    if is_english(language) and has_terms(said):
        said = mark_terms(said)
    return without_marks(said)


def _normalise(text: str, language: str) -> str:
    if not text.isascii() and (steps := _STEPS.of(text)):
        text = _without_rare_signs(text, language, steps)
    if not is_english(language):
        return " ".join(_normalise_other_language(text, language).split())
    # One sentence at a time: most need few rules, or none.
    said = (
        _normalise_english_sentence(one) if _ODD.search(one) else one for one in _sentences(text)
    )
    return " ".join(" ".join(said).split())


def _without_rare_signs(text: str, language: str, steps: int) -> str:
    if steps & _TO_UNIFY:
        text = _THIN.sub("," if is_english(language) else "", text)
    if steps & _TO_NAME_GREEK and is_english(language):
        text = name_greek(text)
    if steps & _TO_UNIFY:
        text = unmarked_letters(text).translate(_UNIFORM)
    return name_emoji(text, language) if steps & _TO_NAME_EMOJI else text


def _sentences(text: str) -> list[str]:
    begin = 0
    found = []
    for end in _SENTENCE_END.finditer(text):
        found.append(text[begin : end.start() + 1])
        begin = end.end()
    return [*found, text[begin:]]


def _normalise_english_sentence(text: str) -> str:
    from narrated.script.english.rules import normalise_english

    # Part endless tokens, so that the cost of a rule stays linear in the length.
    return normalise_english(_TOKEN.sub(r"\g<0> ", text) if len(text) > _LONGEST_TOKEN else text)


def _normalise_other_language(text: str, language: str) -> str:
    text = _DECIMAL.sub(lambda found: _decimal(found, language), text)
    return _INTEGER.sub(lambda found: say_number(found[0].replace("−", "-"), language), text)


def _decimal(found: re.Match[str], language: str) -> str:
    said = say_decimal(found[2], found[3], language)
    return f"{found['minus'] or ''}{said}" if said else found[0]
