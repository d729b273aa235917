"""Numbers, signs and addresses in words, as tables of patterns; English first.

Other languages get their integers from num2words and keep the rest as it is written.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_MOST_DIGITS = 15
_PLAIN = re.compile(r"[A-Za-zÀ-ɏ\s.,;:'’‘“”!?()\"-]*")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_CURRENCIES = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
}
_SIGNS = {
    "&": "and",
    "->": "to",
    "=>": "to",
    "→": "to",
    "⇒": "to",
    "←": "from",
    "<-": "from",
    "↔": "to and from",
    "!=": "is not equal to",
    "≠": "is not equal to",
    "==": "equals",
    "=": "equals",
    "<=": "is at most",
    "≤": "is at most",
    ">=": "is at least",
    "≥": "is at least",
    "<": "is less than",
    ">": "is greater than",
    "+": "plus",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "≈": "is about",
    "∞": "infinity",
    "°C": "degrees Celsius",
    "°F": "degrees Fahrenheit",
    "°": "degrees",
    "©": "copyright",
    "®": "",
    "™": "",
}
_SIGNS_ANYWHERE = "→⇒←↔≠≤≥×÷±≈∞©®™"
"""Signs that mean the same without space around; `+` in C++ and `<` in a tag do not."""


def spoken(text: str, language: str = "en") -> str:
    """Write a text's numbers and signs as words."""
    if _PLAIN.fullmatch(text):
        return text
    rules = _ENGLISH if language.split("-")[0].lower() == "en" else ()
    for pattern, say in rules:
        text = pattern.sub(say, text)
    if not rules:
        text = _INTEGER_ALONE.sub(lambda found: number(found[0], language), text)
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def number(digits: str, language: str = "en", kind: str = "cardinal") -> str:
    """Say a number written in digits; what num2words does not know stays as it is."""
    from num2words import num2words  # late: it is slow to import, and many texts need none

    bare = digits.replace(",", "") if language.startswith("en") else digits
    if len(bare.lstrip("-")) > _MOST_DIGITS:
        return " ".join(number(digit, language) for digit in bare if digit.isdigit())
    try:
        return str(num2words(bare, lang=language.replace("-", "_"), to=kind)).replace(",", "")
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, KeyError):
        return digits


def _address(found: re.Match[str]) -> str:
    return f"{_dotted(found['host'])}{found['end']}"


def _mail(found: re.Match[str]) -> str:
    return f"{_dotted(found[1])} at {_dotted(found[2])}"


def _dotted(name: str) -> str:
    return name.replace(".", " dot ")


def _date(found: re.Match[str]) -> str:
    year, month, day = found[1], int(found[2]), found[3]
    if not 1 <= month <= 12 or not 1 <= int(day) <= 31:
        return found[0]
    return f"{_MONTHS[month - 1]} {number(day, kind='ordinal')}, {number(year, kind='year')}"


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if hour > 24 or minute > 59:
        return found[0]
    if not minute:
        return f"{number(str(hour))} o'clock"
    small = "oh " if minute < 10 else ""
    return f"{number(str(hour))} {small}{number(str(minute))}"


def _version(found: re.Match[str]) -> str:
    said = " point ".join(number(part) for part in found[2].split("."))
    return f"version {said}" if found[1] else said


def _money(found: re.Match[str]) -> str:
    unit, small = _CURRENCIES[found[1]]
    whole, cents = found[2], found[3]
    said = f"{number(whole)} {unit}{'' if whole == '1' else 's'}"
    if cents and int(cents):
        many = "pence" if small == "penny" else f"{small}s"
        said += f" and {number(str(int(cents)))} {small if int(cents) == 1 else many}"
    return said


def _cardinal(found: re.Match[str]) -> str:
    minus = "minus " if found["minus"] else ""
    return minus + number(found["digits"])


def _sign(found: re.Match[str]) -> str:
    said = _SIGNS[found[0].strip()]
    return f" {said} " if said else " "


def _emoji(found: re.Match[str]) -> str:
    name = unicodedata.name(found[0], "").lower()
    joined = found.string[found.end() : found.end() + 1].isalnum()
    return f" {name} " if joined else f" {name}"


def _either(signs: list[str]) -> str:
    return "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))


_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_INTEGER_ALONE = re.compile(r"(?<![\w.,:/-])\d+(?![\w:/-]|[.,]\d)")

_ENGLISH: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(
            r"\b(?:https?://|ftp://|www\.)(?:www\.)?(?P<host>[^\s/?#:<>()\"'“”]*[^\s/?#:<>()\"'“”.,;!])"
            r"(?:[:/?#][^\s<>()\"“”]*?)?(?P<end>[.,;:!?]*)(?=[\s<>()\"'“”]|$)"
        ),
        _address,
    ),
    (re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63})+)"), _mail),
    (re.compile(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])"), _date),
    (re.compile(r"(?<![\w:.])(\d{1,2}):(\d\d)(?![\w:])"), _time),
    (re.compile(r"(?<![\w.-])(v)(\d+(?:\.\d+)*)(?!\w|\.\d)"), _version),
    (re.compile(r"(?<![\w.,])()(\d+(?:\.\d+){2,})(?!\w|\.\d)"), _version),
    (re.compile(r"(?<![\w])([$€£])(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d\d))?(?![\w.,]*\d)"), _money),
    (re.compile(r"(?<=\d)\s?%(?!\w)"), " percent"),
    (re.compile(r"(?<![\w.,])(\d+)(?:st|nd|rd|th)\b"), lambda f: number(f[1], kind="ordinal")),
    (re.compile(r"(?<![\w.,/–-])(\d+)\s?[–-]\s?(\d+)(?![\w/–-]|[.,]\d)"), r"\1 to \2"),
    (
        re.compile(r"(?<![\w.,/-])((?:19|20)\d\d)(?![\w/]|[.,]\d)"),
        lambda f: number(f[1], kind="year"),
    ),
    (
        re.compile(rf"(?<![\w.,])(?P<minus>(?<![^\s(\[])[-−])?(?P<digits>{_NUMBER})(?!\w|[.,]\d)"),
        _cardinal,
    ),
    (re.compile(rf"[{_SIGNS_ANYWHERE}]|(?<=\s)(?:{_either([*_SIGNS])})(?=\s)"), _sign),
    (re.compile(r"(?<=\w)\s?°[CF]?(?!\w)"), _sign),
    (re.compile("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]"), ""),
    (re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]"), _emoji),
)
