"""Say numbers in the words of a language, by num2words."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Literal

from narrated.script.language_codes import is_english

NumberStyle = Literal["british", "american"]
"""British: three hundred and five; American: three hundred five."""

_MOST_DIGITS = 15
_MOST_DIGITS_ELSEWHERE = 9  # some languages take minutes for more
_GROUP = 3
_GROUP_NAMES = ("", " thousand", " million", " billion", " trillion")
_HUNDRED = 100
_UNKNOWN = (
    NotImplementedError,
    ArithmeticError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)

_STYLE: ContextVar[NumberStyle] = ContextVar("number_style", default="british")


@contextmanager
def number_style(style: NumberStyle) -> Iterator[None]:
    """Say English numbers in this style within the context."""
    token = _STYLE.set(style)
    try:
        yield
    finally:
        _STYLE.reset(token)


def say_number(digits: str, language: str = "en", kind: str = "cardinal") -> str:
    """Say a whole number written in digits; return it unchanged if num2words cannot.

    `kind` is cardinal, ordinal or year. Very long numbers are said digit by digit.
    """
    said = _british(digits, language, kind)
    if _STYLE.get() == "american" and is_english(language):
        return said.replace(" and ", " ")
    return said


@lru_cache(maxsize=4096)
def _british(digits: str, language: str, kind: str) -> str:
    from num2words import num2words  # late: it is slow to import, and many texts need none

    most = _MOST_DIGITS if is_english(language) else _MOST_DIGITS_ELSEWHERE
    if len(digits.lstrip("-")) > most:
        return " ".join(
            _british(digit, language, "cardinal") for digit in digits if digit.isdigit()
        )
    if language == "en" and kind == "cardinal" and len(digits) > _GROUP and digits.isdecimal():
        return _by_groups(int(digits))
    try:
        said = str(num2words(int(digits), lang=language.replace("-", "_"), to=kind))
    except _UNKNOWN:
        return digits
    return said.replace(",", "") or digits


def _by_groups(number: int) -> str:
    """Say an English number by its groups of three digits, of which few are new."""
    said: list[str] = []
    rest = number
    for name in _GROUP_NAMES:
        rest, group = divmod(rest, 1000)
        if group:
            joint = "and " if not name and rest and group < _HUNDRED else ""
            said.append(f"{joint}{_british(str(group), 'en', 'cardinal')}{name}")
    return " ".join(reversed(said)) or _british("0", "en", "cardinal")


@lru_cache(maxsize=4096)
def say_decimal(whole: str, decimals: str, language: str) -> str:
    """Say a decimal number: its whole part, the language's word for the point, digit by digit.

    Empty if num2words has no word for the point.
    """
    from num2words import CONVERTER_CLASSES

    known = language.replace("-", "_")
    converter = CONVERTER_CLASSES.get(known) or CONVERTER_CLASSES.get(known[:2])
    word = getattr(converter, "pointword", "")
    point = word.strip("() ") if isinstance(word, str) else ""  # some have a word for each case
    said = [say_number(part, language) for part in (whole, *decimals)]
    if not point.isalpha() or any(part.isdigit() for part in said):
        return ""
    return " ".join([said[0], point, *said[1:]])
