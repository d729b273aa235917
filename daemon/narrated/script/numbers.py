"""Numbers in the words of a language, by num2words."""

from functools import lru_cache

_MOST_DIGITS = 15


@lru_cache(maxsize=4096)
def number(digits: str, language: str = "en", kind: str = "cardinal") -> str:
    """Say a whole number written in digits; what num2words does not know stays as it is.

    `kind` is cardinal, ordinal or year. More than fifteen digits are said one by one.
    """
    from num2words import num2words  # late: it is slow to import, and many texts need none

    if len(digits.lstrip("-")) > _MOST_DIGITS:
        return " ".join(number(digit, language) for digit in digits if digit.isdigit())
    try:
        said = str(num2words(int(digits), lang=language.replace("-", "_"), to=kind))
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, KeyError):
        return digits
    return said.replace(",", "")


@lru_cache(maxsize=4096)
def decimal(written: str, language: str) -> str:
    """Say a decimal number (`3.14`, with a point) in another language than English."""
    from num2words import num2words

    try:
        return str(num2words(written, lang=language.replace("-", "_")))
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, KeyError):
        return written
