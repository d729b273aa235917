"""Say measures with their units, percentages, durations and ranges in English words."""

import re

from narrated.script.english.numbers import (
    AMOUNT,
    DASH,
    MAGNITUDES,
    figure,
    one_or_many,
    plural,
    say_amount,
    year,
)
from narrated.script.english.rule_engine import (
    NUMBER,
    UNJOINED,
    Rules,
    any_of,
    countable,
    number_rule,
    rule,
    starts_at_words,
    word_before,
    word_set,
    word_table,
)

UNITS = {
    **countable("""
    byte*: B; kilobyte*: kB KB; megabyte*: MB; gigabyte*: GB; terabyte*: TB; petabyte*: PB;
    kibibyte*: KiB; mebibyte*: MiB; gibibyte*: GiB; tebibyte*: TiB;
    bit*: bit bits; kilobit*: kbit Kbit kb; megabit*: Mbit Mb; gigabit*: Gbit Gb;
    bit* per second: bps; kilobit* per second: kbps Kbps; megabit* per second: Mbps;
    gigabit* per second: Gbps;
    nanosecond*: ns; microsecond*: µs μs us; millisecond*: ms msec; second*: s sec secs;
    minute*: min mins; hour*: h hr hrs; year*: yr yrs;
    kilometre*: km; metre*: m; centimetre*: cm; millimetre*: mm; micrometre*: µm μm; nanometre*: nm;
    mile*: mi; yard*: yd; pixel*: px; point*: pt;
    square kilometre*: km²; square metre*: m²; square centimetre*: cm²;
    cubic metre*: m³; cubic centimetre*: cm³; litre*: l L; millilitre*: ml mL;
    kilogram*: kg; gram*: g; milligram*: mg; microgram*: µg μg; pound*: lb lbs; ounce*: oz;
    watt*: W; milliwatt*: mW; kilowatt*: kW; megawatt*: MW; watt hour*: Wh; kilowatt hour*: kWh;
    volt*: V; millivolt*: mV; kilovolt*: kV; amp*: A; milliamp*: mA; milliamp hour*: mAh;
    ohm*: Ω; kilohm*: kΩ; joule*: J; pascal*: Pa;
    hertz: Hz; kilohertz: kHz; megahertz: MHz; gigahertz: GHz; terahertz: THz;
    degree* Celsius: °C; degree* Fahrenheit: °F; degree*: °;
    mile* per hour: mph; frame* per second: fps; revolution* per minute: rpm; dot* per inch: dpi;
    request*: req; token*: tok;
    decibel*: dB; L U F S: LUFS; decibel* true peak: dBTP; decibel* full scale: dBFS
    """),
    "ft": ("foot", "feet"),
}
"""Singular and plural by abbreviation."""

PER = word_table("""
    mo: month; yr: year; s: second; s²: second squared; sec: second; min: minute; h: hour; hr: hour;
    d: day; m: metre; km: kilometre; kg: kilogram; l: litre; L: litre; m²: square metre;
    m³: cubic metre; GB: gigabyte; MB: megabyte; kWh: kilowatt hour
""")
"""Units after the slash of a rate."""

_COUNTS = word_set("two three four five six seven eight nine ten several many both")
_NEAR_QUOTE = 200
_WORD_NEXT = re.compile(r"\s[a-z]")


def _unit(found: re.Match[str]) -> str:
    amount, unit, per = found["amount"], found["unit"], found["per"]
    if not found["gap"] and (unit in "AB" or (unit == "s" and _is_plural(found))):
        return found[0]  # a "7B" model is no seven bytes, nor two Boeing 747s any seconds
    one, several = UNITS[unit]
    rate = f" per {PER.get(per, per)}" if per else ""
    if found["gap"] == "-":
        return f"{say_amount(found)}-{one}{rate}"
    return f"{say_amount(found)} {one_or_many(amount, one, several)}{rate}"


def _is_plural(found: re.Match[str]) -> bool:
    """True for the plural of a number, not seconds: a name before it, or "of" after it."""
    name = word_before(found)
    is_name = name[:1].isupper() and len(found["amount"]) > 2
    return is_name or name in _COUNTS or found.string.startswith(" of ", found.end())


def _plural(found: re.Match[str]) -> str:
    said = figure(found[1])
    if found[1].replace(",", "").strip("0") == "1":
        return f"{said.removeprefix('one ')}s"
    return plural(said)


def _duration(found: re.Match[str]) -> str:
    parts = ((found[name], name) for name in ("hours", "minutes", "seconds"))
    return " ".join(
        f"{figure(amount)} {one_or_many(amount, name[:-1], name)}"
        for amount, name in parts
        if amount
    )


def _inches(found: re.Match[str]) -> str:
    """Say inches for a quotation mark after a number, unless it closes a quotation."""
    before = found.string[max(0, found.start() - _NEAR_QUOTE) : found.start()]
    if found[0].endswith('"') and before.count('"') % 2:
        return found[0]
    is_attribute = bool(_WORD_NEXT.match(found.string, found.end()))
    name = "inch" if is_attribute else one_or_many(found["amount"], "inch", "inches")
    return f"{say_amount(found)} {name}"


def _range(found: re.Match[str]) -> str:
    first, last = found[1], found[2]
    if len(first) == len(last) == 4 and "1100" <= first < last <= "2099":
        return f"{year(first)} to {year(last)}"
    if len(first) == 4 and "1900" <= first <= "2099" and len(last) == 2:
        return f"{year(first)} to {figure(last)}"
    return f"{figure(first)} to {figure(last)}"


BEFORE: Rules = (
    rule(r"(?<=[\d½¼¾])\s?%[-–](?=\d)", "% to ", "%"),
    rule(r"(?<=[½¼¾])\s?%(?!\w)", " percent", "%"),
    rule(r"(?<=\d)\s?‰", " per mille", "‰"),
)
"""Quantities that start with another sign."""

NUMBERS: Rules = (
    number_rule(rf"{AMOUNT}\s?%(?!\w)", lambda found: f"{say_amount(found)} percent", "%"),
    number_rule(
        r"(?<![\w.])(?P<hours>\d+)\s?h\s?(?P<minutes>\d+)\s?m(?:in)?(?:\s?(?P<seconds>\d+)\s?s)?\b",
        _duration,
        "h",
    ),
    number_rule(
        r"(?<![\w.])(?P<hours>)(?P<minutes>\d+)\s?m(?:in)?\s?(?P<seconds>\d+)\s?s\b", _duration, "m"
    ),
    number_rule(
        rf"{AMOUNT}(?P<gap>[\s-]?)(?P<unit>{any_of(UNITS)})"
        rf"(?:/(?P<per>[A-Za-z]+[²³]?))?(?:\.(?=\s+[a-z]))?(?![\w²³/]|[’'.]\w)",
        _unit,
    ),
    number_rule(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)s(?!\w)", _plural, "s"),
    number_rule(
        rf"{AMOUNT}(?P<magnitude>[kM])\b",
        lambda found: f"{say_amount(found)} {MAGNITUDES[found['magnitude']]}",
        "kM",
    ),
    # Before an operator it is algebra: 2x + 1.
    number_rule(
        rf"{AMOUNT}\s?[x×](?!\w|\s?[+=*^]|\s-\s\d)",
        lambda found: f"{say_amount(found)} times",
        "x×",
    ),
    number_rule(
        r"(?<![\w.])(\d)['’′]\s?(\d\d?)[\"”″]",
        lambda found: f"{figure(found[1])} foot {figure(found[2])}",
        "'’′",
    ),
    number_rule(rf"{AMOUNT}(?:″|(?<=\d)\"(?=[\s.,;)]))", _inches, '"″'),
    number_rule(rf"{UNJOINED}(?<!–)({NUMBER}){DASH}({NUMBER})(?![\w/–]|-\d|[.,]\d)", _range, "-–"),
)

AFTER: Rules = (
    rule(
        rf"(?<![\w/.])({any_of(UNITS)})/(s|sec|min|h)\b(?![/\w])",
        lambda found: f"{UNITS[found[1]][1]} per {PER[found[2]]}",
        "/",
        starts_at_words(r"/(?:s|min|h)"),
    ),
)
"""Rates after a number in words."""
