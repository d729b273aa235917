"""Say numbers in English words: whole ones, decimals, ordinals, years, fractions, digits."""

import re
import unicodedata

from narrated.script.english.rule_engine import (
    NUMBER,
    Rules,
    begins_sentence,
    number_rule,
    rule,
    word_before,
    word_set,
    word_table,
)
from narrated.script.marks import mark_letters
from narrated.script.spoken_numbers import say_number

MAGNITUDES = word_table("k: thousand; M: million; m: million; bn: billion; B: billion; T: trillion")
DASH = r"(?:-|\s?–\s?)"
AMOUNT = (
    rf"(?<![\w.,/])(?P<minus>(?<![^\s(\[\"“?!,;:])[-−])?"
    rf"(?:(?P<first>{NUMBER}){DASH})?(?P<amount>{NUMBER})"
)
"""An amount before a unit: a number, a range of numbers, perhaps below zero."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SHORT = re.compile(r"\d{1,15}")
_HALVES = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_DENOMINATORS = frozenset({*range(2, 11), 12, 16, 32, 64, 100})
_PAIRS = word_set("24/7 9/11 20/20 50/50 80/20 60/40 70/30 90/10")
_JOINTS = {"/": " slash ", "-": " to ", "–": " to "}
_DIGITS = re.compile(r"(\d+)s")
_BEFORE_SEVERAL = word_set("all no any many several both")
_TIME_BEFORE = re.compile(
    r"\b(?:delay|timeout|time|wait|pause|duration|latency|interval|gap|period|took|takes?|"
    r"lasts?|lasted|runs?|ran|after|for|in|within|every|under|about|than)\w*"
    r"(?: (?:of|between|about|from))? \Z"
)
_TIME_AFTER = re.compile(
    r"\s(?:later|ago|delay|timeout|pause|wait|window|interval|gap|more|each|apart|respectively)"
)
_SCORES = frozenset({5, 6, 10, 20, 100})
_SCORE_BEFORE = re.compile(
    r"\b(?:rat(?:e[ds]?|ing)|scor(?:e[ds]?|ing)|gave|gives?|got|grade|verdict)\b[^.]*\Z"
)
_SCORE_AFTER = re.compile(r"\s(?:stars?|points?|rating)\b")
_COUNTED_AFTER = re.compile(r"\s[a-z]{2,}s\b(?<!was)(?<!has)(?<!this)(?<!series)")
_BEAT_AFTER = re.compile(r"[\s-](?:time|signature|beat|met(?:er|re))\b")
_PART_OF = re.compile(r"\s?(?:of\b|inch|[\"”″]|cup|tsp|tbsp|mile|pound|ounce|th)")
_FRACTION_SIGNS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒"


def cardinal(digits: str) -> str:
    """Say a whole number; with a leading zero, or over fifteen digits, digit by digit."""
    bare = digits.replace(",", "")
    if (len(bare) > 1 and bare.startswith("0")) or not _SHORT.fullmatch(bare):
        return spelled(bare)
    return say_number(bare)


def figure(written: str) -> str:
    """Say a number as it is written, with commas, a decimal point, or a minus before it."""
    minus = "minus " if written.startswith(("-", "−")) else ""
    whole, point, decimals = written.lstrip("-−").partition(".")
    said = cardinal(whole) if whole else ""
    if point:
        said = f"{said} point {spelled(decimals)}".lstrip()
    return minus + said


def ordinal(digits: str) -> str:
    """Say an ordinal: 22 is "twenty-second"."""
    return say_number(digits.replace(",", ""), kind="ordinal")


def year(digits: str) -> str:
    """Say a year by its pairs of digits."""
    return say_number(digits, kind="year").replace("oh-", "oh ")


def era_year(digits: str) -> str:
    """Say a year of any length, as before BC: 340 is "three forty", 44 "forty-four"."""
    if len(digits) == 4:
        return year(digits)
    return hundreds(digits) if len(digits) < 4 else cardinal(digits)


def pairs(digits: str) -> str:
    """Say four digits two by two: 8601 is "eighty-six oh one"."""
    return f"{say_number(digits[:2])} {_pair(digits[2:])}"


def hundreds(digits: str) -> str:
    """Say up to three digits as people say an address: 192 is "one ninety-two"."""
    bare = str(int(digits))
    if len(bare) < 3 or bare.endswith("00"):
        return say_number(bare)
    return f"{say_number(bare[0])} {_pair(bare[1:])}"


def spelled(signs: str) -> str:
    """Say digits and letters one by one; an engine names capital letters."""
    return " ".join(map(_sign, filter(str.isalnum, signs)))


def _sign(sign: str) -> str:
    if sign.isdigit():
        return say_number(sign)
    return mark_letters("A") if sign in "aA" else sign.upper()  # a lone A is an article


def one_or_many(amount: str, one: str, several: str) -> str:
    """Choose the singular or the plural by a written amount."""
    return one if amount.lstrip("-−") == "1" else several


def plural(words: str) -> str:
    """Give the plural of a number: sevens, sixes, twenties."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def power(exponent: str) -> str:
    """Say an exponent: "squared", "to the power of four"."""
    bare = exponent.translate(_SUPERSCRIPTS).replace("−", "-").lstrip("+")
    return {"2": "squared", "3": "cubed"}.get(bare) or f"to the power of {figure(bare)}"


def say_amount(found: re.Match[str]) -> str:
    """Say the amount before a unit; it may be a range or below zero."""
    first = f"{figure(found['first'])} to " if found["first"] else ""
    minus = "minus " if found["minus"] else ""
    return minus + first + figure(found["amount"])


def _pair(digits: str) -> str:
    if digits == "00":
        return "hundred"
    return f"oh {say_number(digits[1])}" if digits.startswith("0") else say_number(digits)


def _fraction(whole: str, over: int, under: int) -> str:
    if under in _HALVES:
        name = _HALVES[under][over != 1]
    else:
        name = say_number(str(under), kind="ordinal") + ("" if over == 1 else "s")
    if whole:
        return f"{cardinal(whole)} and {'a' if over == 1 else say_number(str(over))} {name}"
    return f"{say_number(str(over))} {name}"


def is_about_time(found: re.Match[str]) -> bool:
    """True if a match stands where seconds would: after a delay, in a wait, before a timeout."""
    before = found.string[max(0, found.start() - 30) : found.start()]
    return bool(_TIME_BEFORE.search(before) or _TIME_AFTER.match(found.string, found.end()))


def _plurals(found: re.Match[str]) -> str:
    """Say several digits: 7s and 3s."""
    is_several = found["rest"] or word_before(found).lower() in _BEFORE_SEVERAL
    if not is_several or is_about_time(found):
        return found[0]
    return _DIGITS.sub(lambda one: plural(cardinal(one[1])), found[0])


def _ordinals(found: re.Match[str]) -> str:
    """Say 1st/2nd/3rd, and 1st-3rd."""
    parts = re.split(r"([/–-])", found[0])
    return "".join(_JOINTS.get(part) or ordinal(part[:-2]) for part in parts)


def _ratio(found: re.Match[str]) -> str:
    return " to ".join(figure(part) for part in found[0].split(":"))


def _fraction_sign(found: re.Match[str]) -> str:
    over, under = unicodedata.normalize("NFKC", found[2]).split("\N{FRACTION SLASH}")
    return _fraction(found[1] or "", int(over), int(under))


def _slashed(found: re.Match[str]) -> str:
    whole, over, under = found[1] or "", found[2], found[3]
    if len(over) == 4 and len(under) == 2 and int(over[2:]) + 1 == int(under):
        return f"{whole}{year(over)} {figure(under)}"
    if len(over) == len(under) == 4 and int(over) + 1 == int(under):
        return f"{whole}{year(over)}, {year(under)}"
    if f"{over}/{under}" in _PAIRS or _BEAT_AFTER.match(found.string, found.end()):
        return f"{whole}{cardinal(over)} {cardinal(under)}"
    if not whole and int(over) + 1 == int(under) and _is_after_a_name(found):
        return f"{cardinal(over)} slash {cardinal(under)}"
    if _is_score(found, int(over), int(under)):
        return f"{whole}{cardinal(over)} out of {cardinal(under)}"
    if int(over) < int(under) and int(under) in _DENOMINATORS:
        return _fraction(whole.strip(), int(over), int(under))
    return f"{whole}{cardinal(over)} over {cardinal(under)}"


def _is_after_a_name(found: re.Match[str]) -> bool:
    """True after a name whose versions are told: IE 7/8, Windows 7/8."""
    name = word_before(found)
    if _PART_OF.match(found.string, found.end()) or len(name) < 2 or not name[0].isupper():
        return False
    return name.isupper() or not begins_sentence(found.string, found.start() - len(name) - 1)


def _is_score(found: re.Match[str], over: int, under: int) -> bool:
    """True for 8/10, unless it is a part of something."""
    if found[1] or found["th"] or over > under:
        return False
    counted = _COUNTED_AFTER.match(found.string, found.end())
    if over == under and (under > 9 or under in _SCORES or counted):
        return True
    if over == 0:
        return True
    if 10 < under < 1000 and under not in _DENOMINATORS and counted:
        return True
    if _PART_OF.match(found.string, found.end()) or under not in _SCORES:
        return False
    if under in (10, 100):
        return over != 1 or under == 10
    before = found.string[max(0, found.start() - 40) : found.start()]
    return bool(_SCORE_AFTER.match(found.string, found.end()) or _SCORE_BEFORE.search(before))


_QUOTATION_MARK = re.compile(rf'(?<![\d{_FRACTION_SIGNS}])"')


def _inches_with_a_sign(found: re.Match[str]) -> str:
    """Say a 3½" floppy, unless the mark closes a quotation."""
    if len(_QUOTATION_MARK.findall(found.string, 0, found.start())) % 2:
        return found[0]
    is_attribute = found["noun"] is not None or not found[1]
    return f"{_fraction_sign(found)} {'inch' if is_attribute else 'inches'}"


FRACTION_SIGNS: Rules = (
    rule(
        rf"(?:(\d+)\s?)?([{_FRACTION_SIGNS}])[\"”″](?!\w)"
        r"(?P<noun>(?= (?!long|wide|tall|high|deep|thick|and|or|by|in)[a-z]))?",
        _inches_with_a_sign,
        _FRACTION_SIGNS,
    ),
    rule(rf"(?:(\d+)\s?)?([{_FRACTION_SIGNS}])", _fraction_sign, _FRACTION_SIGNS),
)

SLASHED: Rules = (
    number_rule(
        r"(?<![\w.,/])(\d{1,2}\.\d{1,2})/(5|10|20|100)(?![\w/]|[.,]\d)",
        lambda found: f"{figure(found[1])} out of {cardinal(found[2])}",
        "/",
    ),
    number_rule(
        r"(?<![\w.,/])(\d+ )?(\d+)/(\d+)(?P<th>rds?|ths?|RDS?|THS?)?(?![\w/]|[.,]\d)", _slashed, "/"
    ),
    number_rule(
        r"(?<![\w.,/])24/7/36([56])(?![\w/])",
        lambda found: f"twenty-four seven three sixty-{say_number(found[1])}",
        "/",
    ),
)
"""Fractions, and other pairs with a slash."""

SCALES: Rules = (
    number_rule(
        r"(?<![\w.,/:])16:10(?=[ -](?:screen|display|monitor|aspect|ratio|laptop|panel|resol))",
        "sixteen to ten",
        ":",
    ),
    number_rule(
        r"(?<![\w.,/:])1:(\d{2,3})(?=[ -](?:scale|ratio|dilution|odds)\b)",
        lambda found: f"one to {cardinal(found[1])}",
        ":",
    ),
)
"""Scales that would be times of day."""

_TH = r"(?:st|nd|rd|th|ST|ND|RD|TH)"
_WHOLE = r"(?:\d{1,3}(?:,\d{3})+|\d{1,7}(?:\.\d{1,6})?)"

SEVERAL: Rules = (
    number_rule(
        r"(?<=-)(?:(?<=\d-on-)|(?<=\d-to-)|(?<=\d-for-)|(?<=\d-in-)|(?<=\d-by-)|(?<=\d-of-)|(?<=[Uu]nder-)|(?<=[Oo]ver-))(\d+)s\b",
        lambda found: plural(cardinal(found[1])),
        "s",
    ),
    number_rule(
        r"(?<![\w.,])\ds(?P<rest>(?:(?:,? (?:and|or|&) |, |/)\ds\b){0,9})(?!\w)", _plurals, "s"
    ),
    number_rule(rf"(?<![\w.,/])\d+{_TH}(?:[/–-]\d+{_TH}){{1,9}}(?!\w)", _ordinals, "/–-"),
)
"""Several digits and ordinals together."""

RATIOS: Rules = (
    number_rule(r"(?<![\w.,/:])1:1s\b", "one-to-ones", ":"),
    number_rule(
        r"(?<![\w.,/:\[])(\d{1,3}):(?=(?:many|[nNmMkx])\b(?![\w.:-]))",
        lambda found: f"{cardinal(found[1])} to ",
        ":",
    ),
    number_rule(rf"(?<![\w.,/:]){_WHOLE}(?::{_WHOLE}){{1,3}}(?![\w:]|[.,]\d)", _ratio, ":"),
)

PLAIN: Rules = (
    number_rule(
        r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\b",
        lambda found: ordinal(found[1]),
    ),
    number_rule(
        r"(?<![\w.,])(\d+\.\d+)(?=[A-Za-z]+\b(?!\.\w|\d))",
        lambda found: f"{figure(found[1])} ",
        ".",
    ),
    number_rule(
        rf"(?<![\w.])((?:(?<![^\s(\[“\"=?!,;:])[-−])?{NUMBER})(?!\w)",
        lambda found: figure(found[1]),
    ),
)
"""Ordinals and numbers; and a decimal before letters that are no unit, such as 1.5em."""

LEFT_OVER: Rules = (rule(r"\d+", lambda found: f" {cardinal(found[0])} "),)
"""Digits that no other rule matched."""
