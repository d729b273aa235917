"""Say money in English words, its currency before or after the amount."""

import re

from narrated.script.english.numbers import (
    AMOUNT,
    DASH,
    MAGNITUDES,
    cardinal,
    figure,
    one_or_many,
    say_amount,
)
from narrated.script.english.rule_engine import (
    NUMBER,
    Rules,
    any_of,
    countable,
    number_rule,
    rule,
    starts_at,
    word_table,
)
from narrated.script.spoken_numbers import say_number

_CURRENCIES = countable("dollar*: $; euro*: €; pound*: £; yen: ¥; rupee*: ₹")
_CENTS = {**countable("cent*: $ € ¢"), "£": ("penny", "pence")}
_COUNTRIES = word_table(
    "US: U S; CA: Canadian; C: Canadian; AU: Australian; A: Australian; HK: Hong Kong;"
    " NZ: New Zealand"
)
_CODES = countable("""
    U S dollar*: USD; euro*: EUR; pound*: GBP; yen: JPY; Swiss franc*: CHF; Canadian dollar*: CAD;
    Australian dollar*: AUD; rupee*: INR
""")
_AFTER = {"¢": _CENTS["¢"], **_CURRENCIES, **_CODES}
_MANY = {**MAGNITUDES, "K": "thousand"}


def _money(found: re.Match[str]) -> str:
    minus = "minus " if found["minus"] else ""
    amount, last, more = found["amount"], found["last"], _more(found["magnitude"])
    one, several = _currency(found)
    if last:
        first_more = _more(found["first_magnitude"])
        return f"{minus}{figure(amount)}{first_more} to {figure(last)}{more} {several}"
    if more:
        return f"{minus}{figure(amount)}{more} {several}"
    return minus + _coins(amount, found["currency"], (one, several))


def _more(magnitude: str | None) -> str:
    return f" {_MANY.get(magnitude, magnitude)}" if magnitude else ""


def _currency(found: re.Match[str]) -> tuple[str, str]:
    one, several = _CURRENCIES[found["currency"]]
    country = f"{_COUNTRIES[found['country']]} " if found["country"] else ""
    return f"{country}{one}", f"{country}{several}"


def _coins(amount: str, currency: str, names: tuple[str, str]) -> str:
    whole, _, cents = amount.partition(".")
    if len(cents) != 2 or currency not in _CENTS:
        return f"{figure(amount)} {one_or_many(amount, *names)}"
    units = cardinal(whole) if whole else "zero"
    parts = [] if units == "zero" else [f"{units} {one_or_many(whole, *names)}"]
    if int(cents) or not parts:
        small = str(int(cents))
        parts.append(f"{say_number(small)} {one_or_many(small, *_CENTS[currency])}")
    return " and ".join(parts)


def _money_after(found: re.Match[str]) -> str:
    return f"{say_amount(found)} {one_or_many(found['amount'], *_AFTER[found['currency']])}"


def _code_before(found: re.Match[str]) -> str:
    return f"{figure(found['amount'])} {one_or_many(found['amount'], *_CODES[found[1]])}"


_CURRENCY = f"[{''.join(_CURRENCIES)}]"
_MAGNITUDE = r"(?:thousand|million|billion|trillion|bn|[kKMmBT](?!\w))"

BEFORE: Rules = (
    rule(
        rf"(?<![\w$€£¥])(?P<minus>[-−])?(?P<country>US|CA|C|AU|A|HK|NZ)?"
        rf"(?P<currency>{_CURRENCY})\s?(?P<amount>{NUMBER})"
        rf"(?:(?:\s?(?P<first_magnitude>{_MAGNITUDE}))?{DASH}{_CURRENCY}?(?P<last>{NUMBER}))?"
        rf"(?:\s?(?P<magnitude>{_MAGNITUDE}))?(?!\w)",
        _money,
        _CURRENCIES,
    ),
    rule(
        rf"\b({any_of(_CODES)})\s(?P<amount>{NUMBER})(?![\w]|[.,]\d)",
        _code_before,
        starts=starts_at(any_of(_CODES)),
    ),
)

NUMBERS: Rules = (
    number_rule(rf"{AMOUNT}\s?(?P<currency>{_CURRENCY}|¢|{any_of(_CODES)})(?!\w)", _money_after),
)
