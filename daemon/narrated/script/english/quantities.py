"""Money, percentages, units, ranges and fractions in English words.

Most rules name the unit and leave the number in digits, for the rules of numbers after them.
"""

import re

from narrated.script.english.numbers import MAGNITUDES, cardinal, figure, many, plural, year
from narrated.script.english.rule import (
    NUMBER,
    UNJOINED,
    Rule,
    at,
    at_words,
    either,
    names,
    number_rule,
    rule,
    word_before,
)
from narrated.script.numbers import number

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


def _regular(text: str) -> dict[str, tuple[str, str]]:
    pairs = (entry.split() for entry in text.strip().splitlines())
    return {sign: (one, f"{one}s") for one, *signs in pairs for sign in signs}


_UNITS = {
    **_regular("""
    byte B
    kilobyte kB KB
    megabyte MB
    gigabyte GB
    terabyte TB
    petabyte PB
    kibibyte KiB
    mebibyte MiB
    gibibyte GiB
    tebibyte TiB
    bit bit bits
    kilobit kbit Kbit kb
    megabit Mbit Mb
    gigabit Gbit Gb
    nanosecond ns
    microsecond µs μs us
    millisecond ms msec
    second s sec secs
    minute min mins
    hour h hr hrs
    year yr yrs
    kilometre km
    metre m
    centimetre cm
    millimetre mm
    micrometre µm μm
    nanometre nm
    kilogram kg
    gram g
    milligram mg
    microgram µg μg
    litre l L
    millilitre ml mL
    watt W
    milliwatt mW
    kilowatt kW
    megawatt MW
    volt V
    millivolt mV
    kilovolt kV
    amp A
    milliamp mA
    decibel dB
    pixel px
    point pt
    mile mi
    pound lb lbs
    ounce oz
    yard yd
    joule J
    pascal Pa
    """),
    "Wh": ("watt hour", "watt hours"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "Ω": ("ohm", "ohms"),
    "kΩ": ("kilohm", "kilohms"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "THz": ("terahertz", "terahertz"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "m²": ("square metre", "square metres"),
    "km²": ("square kilometre", "square kilometres"),
    "cm²": ("square centimetre", "square centimetres"),
    "m³": ("cubic metre", "cubic metres"),
    "cm³": ("cubic centimetre", "cubic centimetres"),
    "ft": ("foot", "feet"),
    "mph": ("mile per hour", "miles per hour"),
    "fps": ("frame per second", "frames per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "dpi": ("dot per inch", "dots per inch"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "bps": ("bit per second", "bits per second"),
    "req": ("request", "requests"),
    "tok": ("token", "tokens"),
    "LUFS": ("L U F S", "L U F S"),
    "dBTP": ("decibel true peak", "decibels true peak"),
    "dBFS": ("decibel full scale", "decibels full scale"),
}
_PER = {
    "s": "second",
    "s²": "second squared",
    "sec": "second",
    "min": "minute",
    "h": "hour",
    "hr": "hour",
    "d": "day",
    "m": "metre",
    "km": "kilometre",
    "kg": "kilogram",
    "l": "litre",
    "L": "litre",
    "m²": "square metre",
    "m³": "cubic metre",
    "GB": "gigabyte",
    "MB": "megabyte",
    "kWh": "kilowatt hour",
}
_HALVES = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_DENOMINATORS = frozenset({*range(2, 11), 12, 16, 32, 64, 100})
_AS_A_PAIR = {
    ("24", "7"): "twenty-four seven",
    ("9", "11"): "nine eleven",
    ("50", "50"): "fifty fifty",
    ("80", "20"): "eighty twenty",
    ("60", "40"): "sixty forty",
    ("70", "30"): "seventy thirty",
    ("90", "10"): "ninety ten",
}
_COUNTS = names("two three four five six seven eight nine ten several many both")
_NEAR_QUOTE = 200
_WORD_NEXT = re.compile(r"\s[a-z]")
_VULGAR = {
    sign: tuple(map(int, written.split("/")))
    for sign, written in (
        pair.split(":")
        for pair in [
            "½:1/2",
            "⅓:1/3",
            "⅔:2/3",
            "¼:1/4",
            "¾:3/4",
            "⅕:1/5",
            "⅖:2/5",
            "⅗:3/5",
            "⅘:4/5",
            "⅙:1/6",
            "⅚:5/6",
            "⅛:1/8",
            "⅜:3/8",
            "⅝:5/8",
            "⅞:7/8",
            "⅐:1/7",
            "⅑:1/9",
            "⅒:1/10",
        ]
    )
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
        return f"{figure(amount)} {many(amount, *names)}"
    units = cardinal(whole) if whole else "zero"
    parts = [] if units == "zero" else [f"{units} {many(whole, *names)}"]
    if int(cents) or not parts:
        small = str(int(cents))
        parts.append(f"{number(small)} {many(small, *_CENTS[currency])}")
    return " and ".join(parts)


def _money_after(found: re.Match[str]) -> str:
    sign = found["currency"]
    names = ("cent", "cents") if sign == "¢" else _CURRENCIES.get(sign) or _CODES[sign]
    return f"{_amount(found)} {many(found['amount'], *names)}"


def _unit(found: re.Match[str]) -> str:
    amount, unit, per = found["amount"], found["unit"], found["per"]
    if not found["gap"] and (unit in "AB" or (unit == "s" and _is_plural(found))):
        return found[0]  # a "7B" model is no seven bytes, nor two Boeing 747s any seconds
    one, several = _UNITS[unit]
    rate = f" per {_PER.get(per, per)}" if per else ""
    if found["gap"] == "-":
        return f"{_amount(found)}-{one}{rate}"
    return f"{_amount(found)} {many(amount, one, several)}{rate}"


def _is_plural(found: re.Match[str]) -> bool:
    """Tell the plural of a number from seconds: by the name before it, or by "of" behind it."""
    name = word_before(found)
    is_name = name[:1].isupper() and len(found["amount"]) > 2
    return is_name or name in _COUNTS or found.string.startswith(" of ", found.end())


def _plural(found: re.Match[str]) -> str:
    said = figure(found[1])
    if found[1].replace(",", "").strip("0") == "1":
        return f"{said.removeprefix('one ')}s"
    return plural(said)


def _percent(found: re.Match[str]) -> str:
    return f"{_amount(found)} percent"


def _duration(found: re.Match[str]) -> str:
    parts = ((found[name], name) for name in ("hours", "minutes", "seconds"))
    said = (f"{figure(amount)} {many(amount, name[:-1], name)}" for amount, name in parts if amount)
    return " ".join(said)


def _feet(found: re.Match[str]) -> str:
    return f"{figure(found[1])} foot {figure(found[2])}"


def _inches(found: re.Match[str]) -> str:
    """A quotation mark behind a number means inches where none is open."""
    before = found.string[max(0, found.start() - _NEAR_QUOTE) : found.start()]
    if found[0].endswith('"') and before.count('"') % 2:
        return found[0]
    is_attribute = bool(_WORD_NEXT.match(found.string, found.end()))
    return f"{_amount(found)} {'inch' if is_attribute else many(found['amount'], 'inch', 'inches')}"


def _times(found: re.Match[str]) -> str:
    return f"{_amount(found)} times"


def _magnitude(found: re.Match[str]) -> str:
    return f"{_amount(found)} {MAGNITUDES[found['magnitude']]}"


def _amount(found: re.Match[str]) -> str:
    """Say the amount of a unit, which may be a range or below zero."""
    first = f"{figure(found['first'])} to " if found["first"] else ""
    minus = "minus " if found["minus"] else ""
    return minus + first + figure(found["amount"])


def _range(found: re.Match[str]) -> str:
    first, last = found[1], found[2]
    if len(first) == len(last) == 4 and "1100" <= first < last <= "2099":
        return f"{year(first)} to {year(last)}"
    if len(first) == 4 and "1900" <= first <= "2099" and len(last) == 2:
        return f"{year(first)} to {figure(last)}"
    return f"{figure(first)} to {figure(last)}"


def _fraction(over: int, under: int) -> str:
    if under in _HALVES:
        name = _HALVES[under][over != 1]
    else:
        name = number(str(under), kind="ordinal") + ("" if over == 1 else "s")
    return f"{number(str(over))} {name}"


def _mixed(whole: str, over: int, under: int) -> str:
    part = _fraction(over, under)
    return f"{cardinal(whole)} and {'a' + part[3:] if over == 1 else part}" if whole else part


def _pair(found: re.Match[str]) -> str:
    over, under = found[2], found[3]
    if len(over) == 4 and len(under) == 2 and int(over[2:]) + 1 == int(under):
        return f"{found[1] or ''}{year(over)} {figure(under)}"
    if said := _AS_A_PAIR.get((over, under)):
        return said if not found[1] else f"{found[1]} {said}"
    if over == under and len(over) > 1:
        return f"{found[1] or ''}{cardinal(over)} out of {cardinal(under)}"
    if int(over) < int(under) and int(under) in _DENOMINATORS:
        return _mixed((found[1] or "").strip(), int(over), int(under))
    return f"{found[1] or ''}{cardinal(over)} over {cardinal(under)}"


def _vulgar(found: re.Match[str]) -> str:
    over, under = _VULGAR[found[2]]
    return _mixed(found[1] or "", over, under)


_CURRENCY = f"[{''.join(_CURRENCIES)}]"
_MAGNITUDE = r"(?:thousand|million|billion|trillion|bn|[kKMmBT](?!\w))"
_DASH = r"(?:-|\s?–\s?)"
_AMOUNT = (
    rf"(?<![\w.,/])(?P<minus>(?<![^\s(\[\"“])[-−])?"
    rf"(?:(?P<first>{NUMBER}){_DASH})?(?P<amount>{NUMBER})"
)

BEFORE: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w$€£¥])(?P<minus>[-−])?(?P<country>US|CA|C|AU|A|HK|NZ)?"
        rf"(?P<currency>{_CURRENCY})\s?(?P<amount>{NUMBER})"
        rf"(?:(?:\s?(?P<first_magnitude>{_MAGNITUDE}))?{_DASH}{_CURRENCY}?(?P<last>{NUMBER}))?"
        rf"(?:\s?(?P<magnitude>{_MAGNITUDE}))?(?!\w)",
        _money,
        _CURRENCIES,
    ),
    rule(
        rf"\b({either(_CODES)})\s(?P<amount>{NUMBER})(?![\w]|[.,]\d)",
        lambda found: f"{figure(found['amount'])} {many(found['amount'], *_CODES[found[1]])}",
        starts=at(either(_CODES)),
    ),
    rule(r"(?<=[\d½¼¾])\s?%[-–](?=\d)", "% to ", "%"),
    rule(r"(?<=[½¼¾])\s?%(?!\w)", " percent", "%"),
    rule(r"(?<=\d)\s?‰", " per mille", "‰"),
    rule(rf"(?:(\d+)\s?)?([{''.join(_VULGAR)}])", _vulgar, _VULGAR),
)
"""Quantities that do not begin with a number."""

NUMBERS: tuple[Rule, ...] = (
    number_rule(rf"{_AMOUNT}\s?(?P<currency>{_CURRENCY}|¢|{either(_CODES)})(?!\w)", _money_after),
    number_rule(rf"{_AMOUNT}\s?%(?!\w)", _percent, "%"),
    number_rule(
        r"(?<![\w.])(?P<hours>\d+)\s?h\s?(?P<minutes>\d+)\s?m(?:in)?(?:\s?(?P<seconds>\d+)\s?s)?\b",
        _duration,
        "h",
    ),
    number_rule(
        r"(?<![\w.])(?P<hours>)(?P<minutes>\d+)\s?m(?:in)?\s?(?P<seconds>\d+)\s?s\b", _duration, "m"
    ),
    number_rule(
        rf"{_AMOUNT}(?P<gap>[\s-]?)(?P<unit>{either(_UNITS)})"
        rf"(?:/(?P<per>[A-Za-z]+[²³]?))?(?:\.(?=\s+[a-z]))?(?![\w²³/]|[’'.]\w)",
        _unit,
    ),
    number_rule(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)s(?!\w)", _plural, "s"),
    number_rule(rf"{_AMOUNT}(?P<magnitude>[kM])\b", _magnitude, "kM"),
    # Before an operator it is algebra: 2x + 1.
    number_rule(rf"{_AMOUNT}\s?[x×](?!\w|\s?[+=*^]|\s-\s\d)", _times, "x×"),
    number_rule(r"(?<![\w.])(\d)['’′](\d\d?)[\"”″]", _feet, "'’′"),
    number_rule(rf"{_AMOUNT}(?:″|(?<=\d)\"(?=[\s.,;)]))", _inches, '"″'),
    number_rule(rf"{UNJOINED}(?<!–)({NUMBER}){_DASH}({NUMBER})(?![\w/–]|-\d|[.,]\d)", _range, "-–"),
    number_rule(r"(?<![\w.,/])(\d+ )?(\d+)/(\d+)(?:rds?|ths?)?(?![\w/]|[.,]\d)", _pair, "/"),
)

AFTER: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w/.])({either(_UNITS)})/(s|sec|min|h)\b(?![/\w])",
        lambda found: f"{_UNITS[found[1]][1]} per {_PER[found[2]]}",
        "/",
        at_words(r"/(?:s|min|h)"),
    ),
)
"""Rates whose number was said already, or is a word."""
