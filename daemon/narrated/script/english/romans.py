"""Say Roman numerals after names."""

import re

from narrated.script.english.numbers import ordinal
from narrated.script.english.rule_engine import Rules, any_of, rule, word_set
from narrated.script.spoken_numbers import say_number

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_RULERS = word_set("""
    Henry Louis Elizabeth George Charles James Edward Richard William Pius Paul Benedict Gregory
    Leo Napoleon Philip Peter Catherine Alexander Nicholas Frederick Friedrich Wilhelm Ivan Otto
    Gustav Christian Carl Karl Margaret Mary Francis Innocent Urban Ramesses Ptolemy Justinian
    Constantine Theodosius John Clement Boniface Julius Sixtus Umberto Leopold Albert Alfonso
    Ferdinand Joseph Ludwig Maximilian Rudolf Selim Mehmed Murad Harald Haakon Olav Christina
    Isabella Victoria
""")
_NUMBERED = ("Chapter", "Part", "Volume", "Act", "War", "Phase", "Type", "Section", "Book", "Scene")
_NUMERAL = r"(?P<numeral>(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"


def _value(numeral: str) -> str:
    total = 0
    for sign, following in zip(numeral, [*numeral[1:], ""], strict=True):
        value = _VALUES[sign]
        total += -value if following and _VALUES[following] > value else value
    return str(total)


def _ruler(found: re.Match[str]) -> str:
    return f"{found['name']} the {_capitalised(ordinal(_value(found['numeral'])))}"


def _numbered(found: re.Match[str]) -> str:
    if not found["numeral"]:
        return found[0]
    said = say_number(_value(found["numeral"]))
    return f"{found['name']} {_capitalised(said)}"


def _capitalised(words: str) -> str:
    return re.sub(r"(?<![a-z])[a-z]", lambda first: first[0].upper(), words)


# A single I is the pronoun, except after a numbered word such as Chapter.
_I = "|".join(rf"(?<={name[-3:]} I)" for name in _NUMBERED)
HINT = rf"[IVXL](?<= [IVXL])(?:[IVXL]+|(?<=[VX])|{_I})\b"

RULES: Rules = (
    rule(
        rf"\b(?P<name>{any_of(_RULERS)}) (?=[IVXL]{{2,}}\b|[VX]\b(?!\.\s?[A-Z]))"
        rf"{_NUMERAL}\b(?![’'](?!s\b)\w|\w)",
        _ruler,
        "IVX",
    ),
    rule(
        rf"\b(?P<name>{any_of(_NUMBERED)}) (?=[IVXL]+\b){_NUMERAL}\b(?![’']\w|/)", _numbered, "IVX"
    ),
    rule(
        rf"\b(?P<name>{any_of(name.lower() for name in _NUMBERED)}) (?=[IVXL]{{2,}}\b){_NUMERAL}\b",
        _numbered,
        "IVX",
    ),
    rule(
        rf"\b(?P<name>[A-Z][a-z’']+) (?=[IVX]{{2,}}\b){_NUMERAL}\b(?![’']\w|[/-])", _numbered, "IVX"
    ),
)
