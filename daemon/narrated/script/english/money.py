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
    NormalisationRule,
    any_of,
    number_rule,
    rule,
    starts_at,
)
from narrated.script.number_words import say_number

_CURRENCIES = {
    "$": ("dollar", "dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "¥": ("yen", "yen"),
    "₹": ("rupee", "rupees"),
}
_CENTS = {"$": ("cent", "cents"), "€": ("cent", "cents"), "£": ("penny", "pence")}
_COUNTRIES = {
    "US": "U S ",
    "CA": "Canadian ",
    "C": "Canadian ",
    "AU": "Australian ",
    "A": "Australian ",
}
_COUNTRIES |= {"HK": "Hong Kong ", "NZ": "New Zealand "}
_MANY = {**MAGNITUDES, "K": "thousand"}
_CODES = {
    "USD": ("U S dollar", "U S dollars"),
    "EUR": ("euro", "euros"),
    "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"),
    "CHF": ("Swiss franc", "Swiss francs"),
    "CAD": ("Canadian dollar", "Canadian dollars"),
    "AUD": ("Australian dollar", "Australian dollars"),
    "INR": ("rupee", "rupees"),
}


def _money(found: re.Match[str]) -> str:
    one, several = _currency(found)
    minus = "minus " if found["minus"] else ""
    amount, magnitude, last = found["amount"], found["magnitude"], found["last"]
    more = f" {_MANY.get(magnitude, magnitude)}" if magnitude else ""
    if last:
        first_more = found["first_magnitude"]
        first_more = f" {_MANY.get(first_more, first_more)}" if first_more else ""
        return f"{minus}{figure(amount)}{first_more} to {figure(last)}{more} {several}"
    if more:
        return f"{minus}{figure(amount)}{more} {several}"
    return minus + _coins(amount, found["currency"], (one, several))


def _currency(found: re.Match[str]) -> tuple[str, str]:
    one, several = _CURRENCIES[found["currency"]]
    country = _COUNTRIES.get(found["country"] or "", "")
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
    sign = found["currency"]
    names = ("cent", "cents") if sign == "¢" else _CURRENCIES.get(sign) or _CODES[sign]
    return f"{say_amount(found)} {one_or_many(found['amount'], *names)}"


_CURRENCY = f"[{''.join(_CURRENCIES)}]"
_MAGNITUDE = r"(?:thousand|million|billion|trillion|bn|[kKMmBT](?!\w))"

BEFORE: tuple[NormalisationRule, ...] = (
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
        lambda found: (
            f"{figure(found['amount'])} {one_or_many(found['amount'], *_CODES[found[1]])}"
        ),
        starts=starts_at(any_of(_CODES)),
    ),
)

NUMBERS: tuple[NormalisationRule, ...] = (
    number_rule(rf"{AMOUNT}\s?(?P<currency>{_CURRENCY}|¢|{any_of(_CODES)})(?!\w)", _money_after),
)
