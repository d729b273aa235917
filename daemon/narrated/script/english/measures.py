"""Say measures with their units, percentages, durations and ranges in English words."""

import re

from narrated.script.english.attributes import NO_NOUNS, follows_an_article, measures_a_noun
from narrated.script.english.numbers import (
    AMOUNT,
    DASH,
    MAGNITUDES,
    figure,
    hundreds,
    is_about_time,
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
    number_rule,
    rule,
    starts_at,
    starts_at_words,
    word_after,
    word_before,
    word_set,
)
from narrated.script.english.units import BIT_RATES, PER, UNITS

_COUNTS = word_set("two three four five six seven eight nine ten several many both")
_NEAR_QUOTE = 200
_WORD_NEXT = re.compile(r"\s[a-z]")
_ALONG = "long|wide|tall|high|deep|thick"
_DIMENSIONS = re.compile(rf"\s(?:{_ALONG}|apart|away|from|in|by|and|or|to)\b")
_NETWORKS = word_set("network networks phone phones modem router coverage signal tower towers")


def _unit(found: re.Match[str]) -> str:
    amount, unit, per = found["amount"], found["unit"], found["per"]
    if _is_no_unit(found):
        return found[0]
    one, several = UNITS[unit]
    if per and unit in BIT_RATES:
        one, several = BIT_RATES[unit], f"{BIT_RATES[unit]}s"
    rate = f" per {PER.get(per, per)}" if per else ""
    if found["gap"] == "-":
        return f"{say_amount(found)}-{one}{rate}"
    name = one if measures_a_noun(found) else one_or_many(amount, one, several)
    return f"{say_amount(found)} {name}{rate}"


def _is_no_unit(found: re.Match[str]) -> bool:
    """True for a name: a "7B" model is no seven bytes, nor two Boeing 747s any seconds."""
    unit, is_joined = found["unit"], not found["gap"]
    if unit == "K":
        is_name = is_joined or found["gap"] == "-"
        return is_name or word_after(found) not in {"", *NO_NOUNS}
    if unit == "g" and is_joined and word_after(found) in _NETWORKS:
        return True
    if unit in "vw":  # a 65w lamp, but not the letter
        return not is_joined
    if unit in ("MT", "GT"):
        return not found["per"]
    if unit in ("m2", "m3"):  # 2 + 3 m2
        return word_before(found) == "plus"
    return is_joined and (unit in "AB" or (unit == "s" and _is_plural(found)))


def _is_plural(found: re.Match[str]) -> bool:
    """True for the plural of a number, not seconds: a name before it, or "of" after it."""
    name = word_before(found)
    if "." in found["amount"]:
        return False
    is_name = name[:1].isupper() and len(found["amount"]) > 2
    return is_name or name in _COUNTS or found.string.startswith(" of ", found.end())


def _plural(found: re.Match[str]) -> str:
    said = figure(found[1])
    if found[1].replace(",", "").strip("0") == "1":
        return f"{said.removeprefix('one ')}s"
    return plural(said)


def _duration(found: re.Match[str]) -> str:
    names = ("days", "hours", "minutes", "seconds")
    parts = [(found[name], name) for name in names if found[name]]
    if len(parts) < 2:
        return found[0]
    return " ".join(
        f"{figure(amount)} {one_or_many(amount, name[:-1], name)}" for amount, name in parts
    )


def _unit_until(found: re.Match[str]) -> str:
    """Write 5GB-6GB as 5-6GB, and 500MB-1GB as 500MB to 1GB."""
    unit, first = found["unit"], found["first"]
    if unit == "s" and first.endswith("0") and len(first) > 1:
        return found[0]  # decades
    if unit == found["other"] and unit not in "AB":
        return f"{first}-"
    return f"{first}{found['gap']}{unit} to "


def _answers(found: re.Match[str]) -> str:
    """Say several answers of a server: 404s."""
    return found[0] if is_about_time(found) else plural(hundreds(found[0][:-1]))


def _many(found: re.Match[str]) -> str:
    return f"{figure(found[1])} {MAGNITUDES[found[2].replace('K', 'k')]}"


def _fraction_of_a_unit(found: re.Match[str]) -> str:
    is_more = word_before(found) == "a"  # one and a half
    return f"{found[1]} {UNITS[found[2]][is_more]}"


def _days(found: re.Match[str]) -> str:
    return f"{figure(found[1])} {one_or_many(found[1], 'day', 'days')}"


def _temperature(found: re.Match[str]) -> str:
    """Say 98.6F, and "at 350F", in degrees."""
    is_sure = found["minus"] or "." in found["amount"]
    if not is_sure and word_before(found) not in _BEFORE_A_TEMPERATURE:
        return found[0]
    return f"{say_amount(found)} degrees {_SCALES[found['unit']]}"


def _years_old(found: re.Match[str]) -> str:
    if follows_an_article(found):
        return f"{figure(found[1])}-year-old"
    return f"{figure(found[1])} {one_or_many(found[1], 'year', 'years')} old"


def _inches(found: re.Match[str]) -> str:
    """Say inches for a quotation mark after a number, unless it closes a quotation."""
    before = found.string[max(0, found.start() - _NEAR_QUOTE) : found.start()]
    if found[0].endswith('"') and before.count('"') % 2:
        return found[0]
    is_attribute = bool(_WORD_NEXT.match(found.string, found.end())) and not _DIMENSIONS.match(
        found.string, found.end()
    )
    name = "inch" if is_attribute else one_or_many(found["amount"], "inch", "inches")
    return f"{say_amount(found)} {name}"


def _inches_of_a_fraction(found: re.Match[str]) -> str:
    """Say a 1/4" bolt, unless the mark closes a quotation."""
    before = found.string[max(0, found.start() - _NEAR_QUOTE) : found.start()]
    is_amount = word_before(found).rstrip(",") in _OVER
    return f"{found[1]} inch" if is_amount and not before.count('"') % 2 else found[0]


def _range(found: re.Match[str]) -> str:
    first, last = found[1], found[2]
    if len(first) == len(last) == 4 and "1100" <= first < last <= "2099":
        return f"{year(first)} to {year(last)}"
    if len(first) == 4 and "1900" <= first <= "2099" and len(last) == 2:
        return f"{year(first)} to {figure(last)}"
    return f"{figure(first)} to {figure(last)}"


_DURATION = (
    r"(?=\d+\s?[dhm])(?<![\w.])(?:(?P<days>\d+)\s?d\s?(?=\d))?(?:(?P<hours>\d+)\s?h(?:rs?)?\s?)?"
    r"(?:(?P<minutes>\d+)\s?m(?:in)?\s?)?(?:(?P<seconds>\d+)\s?s)?(?<![\s\d])(?!\w)"
)
_SCALES = {"C": "Celsius", "F": "Fahrenheit"}
_BEFORE_A_TEMPERATURE = word_set("at to below above around about reached hit")
_FEET = ("feet", "foot")
_PEOPLE = any_of(
    word_set("""
    users people downloads views customers subscribers followers readers visitors accounts requests
    rows records lines copies dollars euros pounds households jobs tokens parameters subs likes
    stars installs streams plays clicks impressions messages events monthly daily active
""")
)

_OVER = word_set("one two three four five six seven nine eleven thirteen fifteen and a")
_LENGTH = r"(?:cm|mm|m|in|ft|px)"
_UNTIL = any_of({*UNITS, "k", "K", "M", "x", "X"})

BEFORE: Rules = (
    rule(r"(?<=\d)\s?º", "°", "º"),
    number_rule(
        rf"(?<![\w.,/-])(?P<first>{NUMBER})(?P<gap>\s?)(?P<unit>{_UNTIL})(?:-|\s?–\s?| - )"
        rf"(?={NUMBER}\s?(?P<other>{_UNTIL})(?![\w²³/]))",
        _unit_until,
        "-–",
    ),
    rule(
        rf"((?:\d+|(?<=\d ))(?:{_UNTIL}))/(?=\d)",
        r"\1 slash ",
        "/",
        starts_at_words(r"/(?=\d)"),
    ),
    number_rule(r"(?<![\w.,])50-50(?![\w-])", "fifty-fifty", "-"),
    number_rule(r"(?<![\w.,])20-20(?=[ -](?:vision|hindsight)\b)", "twenty twenty", "-"),
    number_rule(r"(?<![\w.,])1-2(?= punch)", "one two", "-"),
    number_rule(
        r"(?<![\w.,])(56|68)[kK]\b(?= (?:modem|dial|line|connection|processor|CPU|Mac|assembl))",
        lambda found: f"{figure(found[1])} K",
        "kK",
    ),
    number_rule(
        r"(?<![\w.,])(\d{1,3})\s?GbE\b", lambda found: f"{figure(found[1])} gigabit Ethernet", "G"
    ),
    number_rule(r"(?<![\w.,$€£])1099(?=-[A-Z]+\b)", "ten ninety-nine", "-"),
    rule(r"(?<=\d) % (?=\d+(?:\.\d+)? ?(?:=|is\b|equals|[).,;]))", " modulo ", "%"),
    rule(r"(?:(?<![^(])|(?<=[a-z] ))–(?=\d)", "−", "–"),
    number_rule(r"(?<![\w.,-])(?:40[1-9]|429|50[0-4])s\b", _answers, "s"),
    number_rule(
        rf"(?<![\w.,'’′])({NUMBER})['’′][-–]({NUMBER})['’′](?!\w)",
        lambda found: f"{figure(found[1])} to {figure(found[2])} feet",
        "-–",
    ),
    number_rule(
        rf"(?<![\w.,])({NUMBER})(?:(?P<feet>['’′])|[\"”″]) ?[x×] ?({NUMBER})(?(feet)['’′]|[\"”″])",
        lambda found: (
            f"{figure(found[1])} by {figure(found[3])} {'feet' if found['feet'] else 'inches'}"
        ),
        "x×",
    ),
    number_rule(r"(?<![\w.,])24[x×]7\b", "twenty-four seven", "x×"),
    number_rule(
        rf"(?<![\w.,])(?!0x)({NUMBER}(?:\s?{_LENGTH})?)\s?[x×]\s?(?={NUMBER}\s?{_LENGTH}\b)",
        r"\1 by ",
        "x×",
    ),
    rule(r"(?<=\d)\.\.(?=\d)", " to ", "."),
    rule(r"(?<=\d degrees )([CF])\b", lambda found: _SCALES[found[1]], "CF"),
    rule(r"(?<=[\d½¼¾])\s?%[-–](?=\d)", "% to ", "%"),
    rule(r"(?<=[½¼¾])\s?%(?!\w)", " percent", "%"),
    rule(r"(?<=\d)\s?‰", " per mille", "‰"),
)
"""Quantities that start with another sign."""

NUMBERS: Rules = (
    number_rule(rf"{AMOUNT}\s?%(?!\w)", lambda found: f"{say_amount(found)} percent", "%"),
    number_rule(_DURATION, _duration, "dhm"),
    number_rule(
        r"(?<![\w.])(\d+)\s?(ft|')\s?(\d+(?:\.\d+)?)\s?in\b(?!-)",
        lambda found: f"{figure(found[1])} {_FEET[found[1] == '1']} {figure(found[3])} inches",
        "f'",
    ),
    number_rule(rf"{AMOUNT}(?P<unit>[CF])(?!\w)", _temperature, "CF"),
    number_rule(r"(?<![\w.])(?![234]d)(\d+)d\b(?![-'’])", _days, "d"),
    number_rule(r"(?<![\w.])(\d+)\s?(?:(?:y/o|yo)\b|y\.o\.)", _years_old, "y"),
    number_rule(
        rf"(?<![\w.])({NUMBER})(?!B (?:param|token))([mKTB])(?=\+?\s(?:{_PEOPLE})\b)",
        _many,
        "mKTB",
    ),
    number_rule(
        rf"{AMOUNT}(?P<gap>[\s-]?)(?P<unit>{any_of(UNITS)})"
        rf"(?:/(?P<per>[A-Za-z]+[²³]?))?(?:(?<=[a-z][a-z])\.(?=\s+[a-z]|[,;:)]))?(?![\w²³/]|[’'.]\w)",
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
        rf"(?!802\.1x){AMOUNT}\s?[x×](?! (?:engineer|developer|programmer|coder)s?\b)"
        r"(?!\w|\s?[+=*^]|\s-\s\d)",
        lambda found: f"{say_amount(found)} times",
        "x×",
    ),
    number_rule(
        r"(?<![\w.])(\d)['’′]\s?(\d\d?)[\"”″]",
        lambda found: f"{figure(found[1])} foot {figure(found[2])}",
        "'’′",
    ),
    number_rule(
        r"(?<![\w.'’′])([4-7])['’′](\d|1[01])(?![\w'’′\"”″.])",
        lambda found: f"{figure(found[1])} foot {figure(found[2])}",
        "'’′",
    ),
    number_rule(rf"{AMOUNT}(?:″(?!\w)|(?<=\d)\"(?=[\s.,;)]|$))", _inches, '"″'),
    number_rule(
        rf"{AMOUNT}(?:′|'(?=\s(?:{_ALONG})\b))(?!\w)",
        lambda found: f"{say_amount(found)} {_FEET[found['amount'] == '1']}",
        "'′",
    ),
    number_rule(rf"{UNJOINED}(?<!–)({NUMBER}){DASH}({NUMBER})(?![\w/–]|-\d|[.,]\d)", _range, "-–"),
)

FRACTIONS_HINT = (
    r"(?:half|thirds?|quarters?|eighths?|sixteenths?|tenths?)(?: ?(?=[tlofhk]\w)|[\"”″] )"
)

FRACTIONS: Rules = (
    rule(
        r"\b(half|thirds?|quarters?|eighths?|sixteenths?|tenths?) ?"
        r"(tsp|tbsp|lbs?|oz|ft|hrs?|km|kg)\b",
        _fraction_of_a_unit,
        starts=starts_at(r"(?:half|third|quarter|eighth|sixteenth|tenth)"),
    ),
    rule(
        r"(?<=[a-z] )(?<!the )(?<!a )(half|thirds?|quarters?|eighths?|sixteenths?)[\"”″](?= [a-z])",
        _inches_of_a_fraction,
        '"”″',
        starts_at(r"(?:half|third|quarter|eighth|sixteenth)"),
    ),
)
"""Units after a fraction."""

AFTER: Rules = (
    rule(
        rf"(?<![\w/.])({any_of(UNITS)})/(s|sec|min|h)\b(?![/\w])",
        lambda found: f"{UNITS[found[1]][1]} per {PER[found[2]]}",
        "/",
        starts_at_words(r"/(?:s|min|h)"),
    ),
)
"""Rates after a number in words."""
