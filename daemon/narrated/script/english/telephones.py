"""Say telephone numbers digit by digit, and tell them from ranges."""

import re

from narrated.script.english.numbers import spelled
from narrated.script.english.rule_engine import (
    Rules,
    number_rule,
    rule,
    word_after,
    word_before,
    word_set,
)
from narrated.script.english.units import UNITS
from narrated.script.spoken_numbers import say_number

_LEAST_DIGITS = 7
_LEAST_DIGITS_BY_HYPHENS = 9
_MOST_DIGITS = 15
_VANITY_SIGNS = 7
_NEAR = 40
_CUE = re.compile(
    r"\b(?:call|dial|ring|phone|number|tel|fax|text|mobile|cell|reach|contact)\w*\b[^.!?]*\Z",
    re.IGNORECASE,
)
_ABOUT = word_set("about from between around roughly approximately some nearly range ranges within")
_DIALLED = word_set("call calls called calling dial dials dialled dialed ring rang phone phoned")
_OR_DIALLED = re.compile(r"\b(?i:call|dial|ring|phone) (?:\d{3}|\w+ \w+ \w+),? or \Z")
_GROUP = re.compile(r"\+?\d+")
_YEAR_AND_MONTH = re.compile(r"(?:19|20)\d\d-(?:0\d|1[0-2])\b")


def say_telephone(found: re.Match[str]) -> str:
    """Say each group of digits, digit by digit."""
    groups = _GROUP.findall(found[0])
    return ", ".join(("plus " if "+" in group else "") + spelled(group) for group in groups)


def _count(found: re.Match[str]) -> int:
    return sum(sign.isdigit() for sign in found[0])


def _long_enough(found: re.Match[str]) -> str:
    is_one = _LEAST_DIGITS <= _count(found) <= _MOST_DIGITS
    return say_telephone(found) if is_one else found[0]


def _by_spaces(found: re.Match[str]) -> str:
    is_list = all(group.endswith("00") for group in _GROUP.findall(found[0]))
    is_long = _count(found) >= _LEAST_DIGITS_BY_HYPHENS
    return found[0] if is_list or not is_long else _long_enough(found)


def _by_hyphens(found: re.Match[str]) -> str:
    return found[0] if _YEAR_AND_MONTH.match(found[0]) else _by_spaces(found)


def _local(found: re.Match[str]) -> str:
    """Tell 555-1234 from a range such as 800-1200 lines."""
    first, last = found[0].split("-")
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    if first == "555" or _CUE.search(before):
        return say_telephone(found)
    is_range = int(first) < int(last) and (
        last.endswith("00")
        or word_before(found).lower() in _ABOUT
        or word_after(found).endswith("s")
        or int(last).bit_count() == 1
        or word_after(found) in UNITS
    )
    return found[0] if is_range else say_telephone(found)


def _vanity(found: re.Match[str]) -> str:
    """Say 1-800-GO-2-HAUL: its words as words, a digit with the word before it."""
    if sum(sign.isalnum() for sign in found["name"]) < _VANITY_SIGNS:
        return found[0]
    area = found["area"]
    said = ["one"] if found["one"] else []
    said.append(say_number(area) if area.endswith("00") else spelled(area))
    for part in re.findall(r"[A-Z]+(?:-\d+)?|\d+", found["name"]):
        word, _, digits = part.partition("-")
        said.append(f"{word} {spelled(digits)}" if digits else _word_or_digits(word))
    return ", ".join(said)


def _word_or_digits(part: str) -> str:
    return spelled(part) if part.isdigit() else part


def _emergency(found: re.Match[str]) -> str:
    is_dialled = word_before(found).lower() in _DIALLED
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    return spelled(found[0]) if is_dialled or _OR_DIALLED.search(before) else found[0]


_END = r"(?![\w-]|[.,]\d)"

BEFORE: Rules = (
    rule(
        r"(?<![\w.])\+\d{1,3}(?:[ .-]?\(\d{1,5}\)|[ .-]\d{1,9})(?:[ ./-]?\d{1,9}){0,6}" + _END,
        _long_enough,
        "+",
    ),
    rule(r"(?<!\w)\+\d{8,14}(?!\w)", say_telephone, "+"),
    rule(r"(?<!\w)\(\d{3}\) ?\d{3}[ .-]\d{4}(?![\w-])", say_telephone, "("),
    rule(r"(?<!\w)\(0\d{1,4}\)[ -]?\d{2,8}(?:[ -]\d{2,8}){0,4}" + _END, _long_enough, "("),
)
"""Numbers that begin with a sign."""

NUMBERS: Rules = (
    number_rule(
        r"(?:(?<=ISSN )|(?<=ISSN: ))\d{4}-\d{3}[\dX](?!\w)",
        lambda found: ", ".join(map(spelled, found[0].split("-"))),
        "-",
    ),
    number_rule(
        r"(?<![\w.-])(?P<one>1-)?(?P<area>8(?:00|88|77|66|55|44|33)|900)-"
        r"(?P<name>(?=[\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+){0,4})(?![\w-])",
        _vanity,
        "-",
    ),
    number_rule(r"(?<![\w.-])(?:1[-.])?\d{3}([-.])\d{3}\1\d{4}" + _END, say_telephone, "-."),
    number_rule(r"(?<![\w.,/-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}" + _END, say_telephone, " -"),
    number_rule(r"(?<![\w.,/-])\d{3}-\d{4}" + _END, _local, "-"),
    number_rule(r"(?<![\w.,/-])\d{1,5}(?:-\d{1,6}){2,5}" + _END, _by_hyphens, "-"),
    number_rule(r"(?<![\w.,/-])0\d{1,4}(?:[ /-]\d{2,8}){1,4}" + _END, _by_spaces, " /-"),
    number_rule(r"(?<![\w.,/-])\d{3} \d{3} \d{4}" + _END, _by_spaces, " "),
    number_rule(r"(?<![\w.,/-])(?:911|999|112|000|101|111|311|411)" + _END, _emergency),
)
"""Numbers that begin with a digit."""
