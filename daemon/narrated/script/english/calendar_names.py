"""Say names of months and days that are cut short, and one until the other: Mon-Fri."""

import re

from narrated.script.english.rule_engine import (
    Rules,
    after_words,
    any_of,
    full_stop,
    rule,
    starts_at,
    word_set,
)
from narrated.script.spoken_numbers import say_number

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAYS = {
    day[:3]: day
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
}


def month_name(written: str) -> str:
    """Give the month that begins with these three letters."""
    return next(month for month in MONTHS if month.startswith(written[:3].capitalize()))


def short_year(digits: str) -> str:
    """Say '07: oh seven."""
    if digits == "00":
        return say_number("2000")
    return f"oh {say_number(digits[1])}" if digits.startswith("0") else say_number(digits)


def _month_until(found: re.Match[str]) -> str:
    return f"{month_name(found[1])} to {month_name(found[2])}"


def _day_until(found: re.Match[str]) -> str:
    return f"{DAYS[found[1]]} {'and' if found[2] == '/' else 'to'} {DAYS[found[3]]}"


_FULL_OR_SHORT = any_of({*MONTHS, *(month[:3] for month in MONTHS), "Sept"})
_SHORT = word_set("Jan Feb Apr Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri")
SHORT_HINT = rf"\.(?:{after_words({*_SHORT, 'Sat'}, '.')})"
_AT_SHORT = starts_at(rf"(?:{any_of(_SHORT)})\.")

RANGES_HINT = r"[-–/](?:(?<=[a-z]{2}-)|(?<=[a-z]{2}–)|(?<=[a-z]{2}/))[JFMASONDTW][a-z]"

RANGES: Rules = (
    rule(
        rf"(?<![\w-])({_FULL_OR_SHORT})[-–]({_FULL_OR_SHORT})(?![\w-])",
        _month_until,
        "-–",
        starts_at(r"[JFMASOND][a-z]{2,8}(?=[-–][JFMASOND])"),
    ),
    rule(
        rf"(?<![\w-])({any_of(DAYS)})([-–/])({any_of(DAYS)})(?![\w-])",
        _day_until,
        "-–/",
        starts_at(r"[MTWFS][a-z]{2}(?=[-–/][MTWFS])"),
    ),
)
"""Months and days of the week, one until the other."""

SHORT: Rules = (
    rule(
        r"\b(?P<month>Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\.(?! \d{1,2}\b(?!\d))",
        lambda found: f"{month_name(found['month'])}{full_stop(found)}",
        starts=_AT_SHORT,
    ),
    rule(
        r"\b(?P<day>Mon|Tues?|Wed|Thu(?:rs)?|Fri)\.",
        lambda found: f"{DAYS[found['day'][:3]]}{full_stop(found)}",
        starts=_AT_SHORT,
    ),
    rule(
        r"\bSat\.(?: (?P<and>&|and) Sun\.)?",
        lambda found: f"Saturday{' and Sunday' if found['and'] else ''}{full_stop(found)}",
        starts=starts_at(r"Sat\."),
    ),
)
"""Names of months and days that are cut short."""

SPANS: Rules = (
    rule(r"(?<=[’'‘]\d\d)\s?[-–]\s?(?=[’'‘]\d\d\b)", " to ", "-–"),
    rule(r"(?<=/(?:19|20)\d\d)\s?[-–]\s?(?=\d{1,2}/\d{1,2}/\d\d)", " to ", "-–"),
    rule(r"(?<=-\d\d)(?:\s?–\s?|/)(?=(?:19|20)\d\d-\d\d-\d\d)", " to ", "–/"),
    rule(
        r"\b((?:19|20)\d\d)-?W([0-5]\d)(?:-([1-7]))?(?![\w-])",
        lambda found: f"week {say_number(str(int(found[2])))} of {found[1]}",
        "W",
        starts_at(r"(?:19|20)\d\d-?(?=W)"),
    ),
    rule(r"(?<![\w.,])[’'‘]?00s\b", "two thousands", "0", starts_at(r"[’'‘]?00s")),
    rule(
        rf"(?<=\b(?:19|20)\d\d)\s?[-–]\s?(?=(?:{_FULL_OR_SHORT})\.? (?:19|20)\d\d)",
        " to ",
        "-–",
    ),
    rule(r"(?<=\b(?:19|20)\d\d)[-–](?=(?:[Pp]resent|now|today)\b)", " to ", "-–"),
    rule(r"(?<=\b[QH][1-4])[’'](?=\d\d\b)", " ", "QH"),
    rule(r"(?<=\b[QH][1-4])\s?[-–]\s?(?=[QH][1-4]\b)", " to ", "QH"),
)
"""From one month and year to another, and from one quarter to another."""
