"""Money, percentages, units, ranges and fractions in English words.

Most rules name the unit and leave the number in digits, for the rules of numbers after them.
"""

import re

from narrated.script.english.numbers import MAGNITUDES, cardinal, figure, many, year
from narrated.script.english.rule import NUMBER, UNJOINED, Rule, at_words, either, number_rule, rule
from narrated.script.numbers import number

_CURRENCIES = {
    "$": ("dollar", "dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "¥": ("yen", "yen"),
    "₹": ("rupee", "rupees"),
}
_CENTS = {"$": ("cent", "cents"), "€": ("cent", "cents"), "£": ("penny", "pence")}
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
_AS_A_PAIR = {("24", "7"): "twenty-four seven", ("9", "11"): "nine eleven"}
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
    one, several = _CURRENCIES[found["currency"]]
    minus = "minus " if found["minus"] else ""
    amount, magnitude, last = found["amount"], found["magnitude"], found["last"]
    if last:
        return f"{minus}{figure(amount)} to {figure(last)} {several}"
    if magnitude:
        said = MAGNITUDES.get(magnitude, magnitude)
        return f"{minus}{figure(amount)} {said} {several}"
    whole, _, cents = amount.partition(".")
    if len(cents) != 2 or found["currency"] not in _CENTS:
        return f"{minus}{figure(amount)} {many(amount, one, several)}"
    parts = (
        [f"{cardinal(whole)} {many(whole, one, several)}"] if figure(whole or "0") != "zero" else []
    )
    if int(cents) or not parts:
        small = str(int(cents))
        parts.append(f"{number(small)} {many(small, *_CENTS[found['currency']])}")
    return minus + " and ".join(parts)


def _money_after(found: re.Match[str]) -> str:
    sign = found["currency"]
    names = ("cent", "cents") if sign == "¢" else _CURRENCIES.get(sign) or _CODES[sign]
    return f"{_amount(found)} {many(found['amount'], *names)}"


def _unit(found: re.Match[str]) -> str:
    amount, unit, per = found["amount"], found["unit"], found["per"]
    if unit == "B" and not found["gap"] and len(amount) < 3:
        return found[0]  # a "7B" model is no seven bytes
    one, several = _UNITS[unit]
    rate = f" per {_PER.get(per, per)}" if per else ""
    if found["gap"] == "-":
        return f"{_amount(found)}-{one}{rate}"
    return f"{_amount(found)} {many(amount, one, several)}{rate}"


def _percent(found: re.Match[str]) -> str:
    return f"{_amount(found)} percent"


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
    if said := _AS_A_PAIR.get((over, under)):
        return said if not found[1] else f"{found[1]} {said}"
    if int(over) < int(under) and int(under) in _DENOMINATORS:
        return _mixed((found[1] or "").strip(), int(over), int(under))
    return f"{found[1] or ''}{cardinal(over)} over {cardinal(under)}"


def _vulgar(found: re.Match[str]) -> str:
    over, under = _VULGAR[found[2]]
    return _mixed(found[1] or "", over, under)


_CURRENCY = f"[{''.join(_CURRENCIES)}]"
_DASH = r"(?:-|\s?–\s?)"
_AMOUNT = (
    rf"(?<![\w.,/])(?P<minus>(?<![^\s(\[\"“])[-−])?"
    rf"(?:(?P<first>{NUMBER}){_DASH})?(?P<amount>{NUMBER})"
)

BEFORE: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w$€£¥])(?P<minus>[-−])?(?:US)?(?P<currency>{_CURRENCY})\s?(?P<amount>{NUMBER})"
        rf"(?:[-–]{_CURRENCY}?(?P<last>{NUMBER}))?"
        r"(?:\s?(?P<magnitude>thousand|million|billion|trillion|bn|[kMmBT](?!\w)))?(?!\w)",
        _money,
        _CURRENCIES,
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
        rf"{_AMOUNT}(?P<gap>[\s-]?)(?P<unit>{either(_UNITS)})"
        rf"(?:/(?P<per>[A-Za-z]+[²³]?))?(?![\w²³/]|[’'.]\w)",
        _unit,
    ),
    number_rule(rf"{_AMOUNT}(?P<magnitude>[kM])\b", _magnitude, "kM"),
    number_rule(rf"{UNJOINED}(?<!–)({NUMBER}){_DASH}({NUMBER})(?![\w/–]|-\d|[.,]\d)", _range, "-–"),
    number_rule(r"(?<![\w.,/])(\d+ )?(\d+)/(\d+)(?![\w/]|[.,]\d)", _pair, "/"),
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
