"""Say names of products and models: DDR5-6400, i9-13900K, RTX 4090, Llama-3.1-8B, CVE-2024-3094."""

import re

from narrated.script.english.acronyms import acronym
from narrated.script.english.identifiers import say_alphanumeric
from narrated.script.english.numbers import cardinal, figure, hundreds, pairs, spelled
from narrated.script.english.rule_engine import (
    Rules,
    any_of,
    number_rule,
    rule,
    starts_at,
    starts_at_words,
    word_before,
    word_set,
)

_CARDS = word_set("RTX GTX GT RX Radeon GeForce Quadro Ryzen Xeon Threadripper Arc EPYC Epyc")

_BEFORE_A_MAKER = word_set("like makes")
_MADE_BY_3M = re.compile(
    r"[’']s\b|\s(?:Company|company|Co|Corp|Inc|Corporation|tape|tapes|adhesives?|respirators?|masks?|filters?"
    r"|Command|Post-it|makes|made|sells|sold|invented|announced|said|says|product|products|stock"
    r"|stickers?|films?|sandpaper|Scotch|earplugs|strips?|engineers?|employees?)\b"
)


def _memory(found: re.Match[str]) -> str:
    return f"{say_alphanumeric(found[1])} {pairs(found[2])}"


def _processor(found: re.Match[str]) -> str:
    number = found[2]
    thousands = (
        pairs(number) if len(number) == 4 else f"{cardinal(number[:2])} {_short(number[2:])}"
    )
    suffix = f" {say_alphanumeric(found[3])}" if found[3] else ""
    return f"i {cardinal(found[1])} {thousands}{suffix}"


def _short(digits: str) -> str:
    return hundreds(digits) if digits[0] != "0" else spelled(digits)


def _card(found: re.Match[str]) -> str:
    digits = found[2]
    number = hundreds(digits) if len(digits) == 3 else _thousand(digits)
    return f"{acronym(found[1])} {number}"


def _thousand(digits: str) -> str:
    return cardinal(digits) if digits.endswith("000") else pairs(digits)


def _aeroplane(found: re.Match[str]) -> str:
    name = f"A {hundreds(found[1][1:])}" if found[1].startswith("A") else hundreds(found[1])
    return (
        f"{name}, {hundreds(found[2])}" if name.startswith("A") else f"{name} {hundreds(found[2])}"
    )


def _vulnerability(found: re.Match[str]) -> str:
    is_pair = len(found[2]) == 4 and found[2][0] != "0"
    number = pairs(found[2]) if is_pair else spelled(found[2])
    return f"C V E {pairs(found[1])} {number}"


def _model(found: re.Match[str]) -> str:
    """Say a name, its version, and its size: Qwen2.5-72B is "Qwen two point five seventy-two B"."""
    if found["name"].endswith("v") and found["name"][:-1].isupper():  # TLSv1.3
        return found[0]
    version = " point ".join(map(cardinal, (found["version"] or "").split(".")))
    size = f" {figure(found['size'])} {found['unit'].upper()}" if found["size"] else ""
    return " ".join(f"{acronym(found['name'])} {version}{size}".split())


def _company(found: re.Match[str]) -> str:
    """Say 3M where it is the company; else it is a number."""
    is_maker = word_before(found) in _BEFORE_A_MAKER
    is_named = _MADE_BY_3M.match(found.string, found.end())
    return "three M" if is_maker or is_named else found[0]


def _team(found: re.Match[str]) -> str:
    """Say the 49ers and the 76ers."""
    said = cardinal(found[1])
    return f"{said}{'rs' if said.endswith('e') else 'ers'}"


_AFTER_A_CARD = "|".join(rf"(?<={name} \d)" for name in sorted(_CARDS))
HINT = rf"\d(?:(?<=[A-Za-z]\d)|(?<=[A-Za-z]-\d)|(?<=7\d7)-|{_AFTER_A_CARD})"

RULES: Rules = (
    rule(r"\b((?:LP)?DDR\d[A-Z]?)-(\d{4})(?!\w)", _memory, "D", starts_at("(?:LP)?DDR")),
    rule(
        r"\bi([3579])-(\d{4,5})([A-Z]{1,2}\d?)?(?!\w)",
        _processor,
        "i",
        starts_at(r"i(?=[3579]-\d)"),
    ),
    rule(
        rf"\b({any_of(_CARDS)}) ?(\d{{3,4}})(?!\w|[.,-]\d)",
        _card,
        starts=starts_at(rf"(?:{any_of(_CARDS)})(?= ?\d)"),
    ),
    rule(
        r"\b(7\d7|A3\d0)-([1-9]00|8|9|10)(?![\w-]|\.\d)",
        _aeroplane,
        "-",
        starts_at(r"7\d7-|A3\d0-"),
    ),
    rule(r"\bCVE-(\d{4})-(\d{4,7})\b", _vulnerability, "C", starts_at("CVE-")),
    rule(
        r"(?<![\w./-])(?P<name>[A-Za-z]{2,20})-?(?P<version>\d{1,3}\.\d{1,2})"
        r"(?:-(?P<size>\d+(?:\.\d+)?)(?P<unit>[BMbm]))?(?![\w%°]|\.\d|-\d)",
        _model,
        ".",
        starts_at_words(r"\d(?:(?<=[A-Za-z]{2}.)|(?<=[A-Za-z]{2}-.))\d{0,2}\.\d", "-"),
    ),
    rule(
        r"(?<![\w./-])(?P<name>[A-Za-z]{2,20})-(?:(?P<version>\d{1,2})-)?(?P<size>\d+)(?P<unit>[Bb])"
        r"(?![\w-])",
        _model,
        "Bb",
        starts_at_words(r"(?<=[A-Za-z]-)\d{1,3}(?:-\d|[Bb])", "-"),
    ),
    rule(
        r"(?<=\b[A-Z]{3})-(\d)(o|[a-z]+)\b(?!-)",
        lambda found: f" {cardinal(found[1])} {found[2]}",
        "-",
        starts_at(r"-(?<=[A-Z]-)(?=\d[a-z])"),
    ),
)

NUMBERS: Rules = (
    number_rule(r"(?<![\w.,$€£])3M(?!\w)", _company, "M"),
    number_rule(r"(?<![\w.,-])(49|76|69)ers\b", _team, "e"),
)
"""Names that begin with a number."""
