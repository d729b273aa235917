"""Say numbers in English words: whole ones, decimals, years, single digits, amounts."""

import re
from functools import lru_cache

from narrated.script.english.rule_engine import NUMBER
from narrated.script.number_words import say_number

MAGNITUDES = {
    "k": "thousand",
    "M": "million",
    "m": "million",
    "bn": "billion",
    "B": "billion",
    "T": "trillion",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SHORT = re.compile(r"\d{1,15}")

DASH = r"(?:-|\s?–\s?)"
AMOUNT = (
    rf"(?<![\w.,/])(?P<minus>(?<![^\s(\[\"“])[-−])?"
    rf"(?:(?P<first>{NUMBER}){DASH})?(?P<amount>{NUMBER})"
)
"""An amount before a unit: a number, a range of numbers, perhaps below zero."""


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


@lru_cache(maxsize=1024)
def year(digits: str) -> str:
    """Say a year by its pairs of digits."""
    return say_number(digits, kind="year").replace("oh-", "oh ")


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
    said = (
        say_number(sign) if sign.isdigit() else sign.upper() for sign in signs if sign.isalnum()
    )
    return " ".join(said)


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
    short = {"2": "squared", "3": "cubed"}
    return short.get(bare) or f"to the power of {figure(bare)}"


def say_amount(found: re.Match[str]) -> str:
    """Say the amount before a unit; it may be a range or below zero."""
    first = f"{figure(found['first'])} to " if found["first"] else ""
    minus = "minus " if found["minus"] else ""
    return minus + first + figure(found["amount"])


def _pair(digits: str) -> str:
    if digits == "00":
        return "hundred"
    return f"oh {say_number(digits[1])}" if digits.startswith("0") else say_number(digits)
