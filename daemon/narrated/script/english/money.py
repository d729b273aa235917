"""Say money in English words, its currency before or after the amount."""

import re

from narrated.script.english.attributes import measures_a_noun
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
    word_before,
    word_set,
    word_table,
)
from narrated.script.english.units import PER
from narrated.script.spoken_numbers import say_number

_CURRENCIES = countable("""
    dollar*: $; euro*: €; pound*: £; yen: ¥; rupee*: ₹; won: ₩; rouble*: ₽; lira: ₺; shekel*: ₪;
    dong: ₫; peso*: ₱; baht: ฿; hryvnia*: ₴; naira: ₦; bitcoin*: ₿
""")
_CENTS = {
    **countable("cent*: $ € ¢ USD EUR CAD AUD NZD HKD SGD usd eur"),
    **dict.fromkeys(("£", "GBP", "gbp"), ("penny", "pence")),
}
_COUNTRIES = word_table(
    "US: U S; CA: Canadian; C: Canadian; AU: Australian; A: Australian; HK: Hong Kong;"
    " NZ: New Zealand; S: Singapore; SG: Singapore; NT: New Taiwan; MX: Mexican; AR: Argentine"
)
_CODES = countable("""
    U S dollar*: USD; euro*: EUR; pound*: GBP; yen: JPY; Swiss franc*: CHF; Canadian dollar*: CAD;
    Australian dollar*: AUD; rupee*: INR; New Zealand dollar*: NZD; Hong Kong dollar*: HKD;
    Singapore dollar*: SGD; yuan: CNY RMB; won: KRW; Russian rouble*: RUB; Mexican peso*: MXN;
    South African rand: ZAR; Turkish lira: TRY; shekel*: ILS; bitcoin*: BTC; ether: ETH;
    Polish zloty: PLN; baht: THB
""") | {
    "usd": ("U S dollar", "U S dollars"),
    "eur": ("euro", "euros"),
    "gbp": ("pound", "pounds"),
    "SEK": ("Swedish krona", "Swedish kronor"),
    "NOK": ("Norwegian krone", "Norwegian kroner"),
    "DKK": ("Danish krone", "Danish kroner"),
    "CZK": ("Czech koruna", "Czech korunas"),
    "BRL": ("Brazilian real", "Brazilian reais"),
}
_WORDS = {
    **dict.fromkeys(("Rs", "Rs."), ("rupee", "rupees")),
    **dict.fromkeys(("kr", "kr."), ("krone", "kroner")),
    "zł": ("zloty", "zloty"),
    "R$": ("real", "reais"),
}
"""Currencies written as a word."""
_AFTER = {"¢": _CENTS["¢"], **_CURRENCIES, **_CODES}
_MANY = MAGNITUDES | word_table(
    "K: thousand; b: billion; mil: million; mn: million; mln: million; MM: million; mm: million;"
    " bln: billion; tn: trillion; Bn: billion; Mn: million"
)
_RATES = (
    {
        each: each
        for each in word_set("""
    month week year day hour minute night user seat person head token tokens page square share litre
    kilo gallon pound mile barrel ounce ton tonne acre foot request call unit item piece
""")
    }
    | PER
    | {"pp": "person", "sqft": "square foot", "sq ft": "square foot", "kWh": "kilowatt hour"}
)


def _money(found: re.Match[str]) -> str:
    minus = "minus " if found["minus"] or found["inner_minus"] else ""
    amount, last, more = found["amount"], found["last"], _more(found["magnitude"])
    names = _currency(found)
    if measures_a_noun(found) and not (_COINS.search(amount) and int(amount[-2:])):
        names = names[0], names[0]  # a five dollar bill
    rate = _rate(found["rate"])
    if last and _has_coins(found):
        first = _coins(amount, found["currency"], names)
        return f"{minus}{first} to {_coins(last, found['currency'], names)}{rate}"
    if last:
        first_more = _more(found["first_magnitude"])
        return f"{minus}{figure(amount)}{first_more} to {figure(last)}{more} {names[1]}{rate}"
    if more:
        return f"{minus}{figure(amount)}{more} {names[1]}{rate}"
    return f"{minus}{_coins(amount, found['currency'], names)}{rate}"


def _has_coins(found: re.Match[str]) -> bool:
    """True for a range with cents in one of its prices, such as $5-$7.50."""
    prices = (found["amount"], found["last"])
    return not found["magnitude"] and any(_COINS.search(price) for price in prices)


def _rate(per: str | None) -> str:
    return f" per {_RATES[per]}" if per else ""


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
    if not int(cents) and not parts:
        return f"zero {names[1]}"
    if int(cents):
        small = str(int(cents))
        parts.append(f"{say_number(small)} {one_or_many(small, *_CENTS[currency])}")
    return " and ".join(parts)


def _money_after(found: re.Match[str]) -> str:
    names, more = _AFTER[found["currency"]], _more(found["magnitude"])
    if more:
        said = f"{say_amount(found)}{more} {names[1]}"
    elif found["first"] or found["minus"]:
        said = f"{say_amount(found)} {one_or_many(found['amount'], *names)}"
    else:
        said = _coins(found["amount"], found["currency"], names)
    return said + _rate(found["rate"])


def _cents(found: re.Match[str]) -> str:
    """Say 99c as cents, but not the last part of "iPhone 5c" and "step 2c"."""
    before = word_before(found)
    if before in _BEFORE_A_PRICE or (len(found[1]) == 2 and not before[:1].isupper()):
        return f"{figure(found[1])} {one_or_many(found[1], 'cent', 'cents')}"
    return found[0]


def _code_before(found: re.Match[str]) -> str:
    names = _CODES.get(found[1]) or _WORDS[found[1]]
    more = _more(found["magnitude"])
    if not more:
        return _coins(found["amount"], found[1], names)
    return f"{figure(found['amount'])}{more} {names[1]}"


_COUNTED = "(?:input |output )?(?:tokens?|requests?|calls|characters|chars|rows|events|users)"
_DOLLARS = word_table("USD: US; CAD: CA; AUD: AU; NZD: NZ; HKD: HK; SGD: SG; MXN: MX")
_CURRENCY = f"[{''.join(_CURRENCIES)}]"
_MAGNITUDE = (
    r"(?:thousand|million|billion|trillion|lakh|crore"
    r"|(?:bn|Bn|bln|mil|mn|Mn|mln|tn|mm|MM|[kKmMbBT])(?!\w))"
)
_RATE = rf"(?:/(?P<rate>{any_of(_RATES)})(?!\w)(?:\.(?=[,;]))?)?"
_COINS = re.compile(r"\.\d\d\Z")
_BEFORE_A_PRICE = word_set("for costs cost only at just to from of under a plus and or another")

BEFORE: Rules = (
    number_rule(r"(?<![\w.,/-])(\d)/(?=\$\d)", lambda found: f"{figure(found[1])} for ", "$"),
    rule(
        rf"((?:[€$£]|\b(?:CHF|EUR|Fr\.|SFr\.)\s?){NUMBER})\.[-–—]+(?!\w)",
        r"\1",
        "€$£CFES",
    ),
    rule(
        rf"(?<=\d)/(?:1\s?)?([MKk])(?=\s(?:{_COUNTED})\b)",
        lambda found: f" per {_more(found[1]).strip()}",
        "/",
    ),
    rule(
        rf"(?<![\w$])\$({NUMBER}(?:\s?{_MAGNITUDE})?)\s(USD|CAD|AUD|NZD|HKD|SGD|MXN)(?!\w)",
        lambda found: f"{_DOLLARS[found[2]]}${found[1]}",
        "$",
    ),
    rule(
        rf"(?<![\w$€£¥])(?P<minus>[-−])?(?P<country>{any_of(_COUNTRIES)})?"
        rf"(?P<currency>{_CURRENCY})(?P<inner_minus>[-−](?=\d))?\s?(?P<amount>{NUMBER})"
        rf"(?:(?:\s?(?P<first_magnitude>{_MAGNITUDE}))?(?:{DASH}{_CURRENCY}?| - {_CURRENCY})"
        rf"(?P<last>{NUMBER}))?"
        rf"(?:\s?(?P<magnitude>{_MAGNITUDE}))?{_RATE}(?:(?<=illion)\s(?:dollars|euros|pounds)\b)?(?!\w)",
        _money,
        _CURRENCIES,
    ),
    rule(
        rf"\b({any_of(_CODES)})\s(?P<amount>{NUMBER})(?:\s?(?P<magnitude>{_MAGNITUDE}))?(?![\w]|[.,]\d)",
        _code_before,
        starts=starts_at(r"[A-Z][A-Z]{2}(?= [\d.])"),
    ),
    rule(
        rf"\b({any_of(_WORDS)})\s?(?P<amount>{NUMBER})(?:\s?(?P<magnitude>{_MAGNITUDE}))?(?![\w]|[.,]\d)",
        _code_before,
        starts=starts_at(r"[Rk](?:s(?=[. \d])|r(?=[. \d])|\$)"),
    ),
)

NUMBERS: Rules = (
    number_rule(
        rf"{AMOUNT}\s?(?:(?P<magnitude>{_MAGNITUDE})\s?)?"
        rf"(?P<currency>{_CURRENCY}|¢|{any_of(_CODES)}){_RATE}(?!\w)",
        _money_after,
    ),
    number_rule(
        rf"{AMOUNT}\s?(?P<currency>kr|zł)\b\.?(?=[\s,;:.!?)/]|$)",
        lambda found: (
            f"{say_amount(found)} {one_or_many(found['amount'], *_WORDS[found['currency']])}"
        ),
        "kz",
    ),
    number_rule(
        rf"{AMOUNT}\s?(?:bn|Bn)\b", lambda found: f"{say_amount(found)} billion", {"b", "B"}
    ),
    number_rule(r"(?<![\w.,/-])(\d\d?)c\b(?![-'’.]\w)", _cents, "c"),
)
