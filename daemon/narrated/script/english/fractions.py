"""Say fractions in English words, and other pairs joined by a slash."""

import re

from narrated.script.english.numbers import cardinal, figure, year
from narrated.script.english.rule_engine import NormalisationRule, number_rule, rule
from narrated.script.number_words import say_number

_HALVES = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_DENOMINATORS = frozenset({*range(2, 11), 12, 16, 32, 64, 100})
_AS_A_PAIR = {
    ("24", "7"): "twenty-four seven",
    ("9", "11"): "nine eleven",
    ("50", "50"): "fifty fifty",
    ("80", "20"): "eighty twenty",
    ("60", "40"): "sixty forty",
    ("70", "30"): "seventy thirty",
    ("90", "10"): "ninety ten",
}
_VULGAR = {
    sign: tuple(map(int, written.split("/")))
    for sign, written in (
        pair.split(":")
        for pair in [
            "½:1/2",
            "⅓:1/3",
            "⅔:2/3",
            "¼:1/4",
            "¾:3/4",
            "⅕:1/5",
            "⅖:2/5",
            "⅗:3/5",
            "⅘:4/5",
            "⅙:1/6",
            "⅚:5/6",
            "⅛:1/8",
            "⅜:3/8",
            "⅝:5/8",
            "⅞:7/8",
            "⅐:1/7",
            "⅑:1/9",
            "⅒:1/10",
        ]
    )
}


def _fraction(over: int, under: int) -> str:
    if under in _HALVES:
        name = _HALVES[under][over != 1]
    else:
        name = say_number(str(under), kind="ordinal") + ("" if over == 1 else "s")
    return f"{say_number(str(over))} {name}"


def _mixed(whole: str, over: int, under: int) -> str:
    part = _fraction(over, under)
    return f"{cardinal(whole)} and {'a' + part[3:] if over == 1 else part}" if whole else part


def _pair(found: re.Match[str]) -> str:
    over, under = found[2], found[3]
    if len(over) == 4 and len(under) == 2 and int(over[2:]) + 1 == int(under):
        return f"{found[1] or ''}{year(over)} {figure(under)}"
    if said := _AS_A_PAIR.get((over, under)):
        return said if not found[1] else f"{found[1]} {said}"
    if over == under and len(over) > 1:
        return f"{found[1] or ''}{cardinal(over)} out of {cardinal(under)}"
    if int(over) < int(under) and int(under) in _DENOMINATORS:
        return _mixed((found[1] or "").strip(), int(over), int(under))
    return f"{found[1] or ''}{cardinal(over)} over {cardinal(under)}"


def _vulgar(found: re.Match[str]) -> str:
    over, under = _VULGAR[found[2]]
    return _mixed(found[1] or "", over, under)


BEFORE: tuple[NormalisationRule, ...] = (
    rule(rf"(?:(\d+)\s?)?([{''.join(_VULGAR)}])", _vulgar, _VULGAR),
)

NUMBERS: tuple[NormalisationRule, ...] = (
    number_rule(r"(?<![\w.,/])(\d+ )?(\d+)/(\d+)(?:rds?|ths?)?(?![\w/]|[.,]\d)", _pair, "/"),
)
