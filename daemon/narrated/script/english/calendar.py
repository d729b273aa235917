"""Say dates, times, years and decades in English words."""

import re

from narrated.script.english.numbers import figure, ordinal, plural, year
from narrated.script.english.rule_engine import (
    UNJOINED,
    Rules,
    any_of,
    full_stop,
    number_rule,
    rule,
    starts_at,
    word_after,
    word_before,
    word_set,
)
from narrated.script.spoken_numbers import say_number

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = {day[:3]: day for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")}
_MONTH = (
    r"(?P<month>Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_BEFORE_A_YEAR = word_set(
    "in since from of by until till before after around circa year early late to through during"
    " between mid and the"
) | {month.lower() for month in _MONTHS}
_PLAINLY_BEFORE_A_YEAR = _BEFORE_A_YEAR - {"to", "of", "and", "the", "by", "from"}
_BEFORE_A_DECADE = word_set("the early late mid his her their its my our your low high")
_BEFORE_A_NUMBER = word_set(
    "port ports error errors code line lines page pages room issue issues ticket number numbers"
    " exactly about only version equals than times plus minus over at"
)
_COUNTED = word_set(
    "people children men women mice feet more other different new big small bit byte percent hex"
    " million billion thousand hundred trillion"
)
_NOT_COUNTED = word_set(
    "was is has as this its us vs always perhaps does goes comes feels looks seems ends begins"
    " starts brings marks sees makes gets takes becomes across plus thus yes versus his hers ours"
    " sometimes besides towards afterwards"
)


def _say_date(year_: str, month: str, day: str) -> str:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return ""
    return f"{_MONTHS[int(month) - 1]} {ordinal(str(int(day)))}, {year(year_)}"


def _iso(found: re.Match[str]) -> str:
    date = _say_date(found["year"], found["month"], found["day"])
    if not date:
        return found[0]
    if not found["time"]:
        return date
    zone = {None: "", "Z": " U T C"}.get(found["zone"], f" {found['zone']}")
    return f"{date}, {_clock(*found['time'].split(':'))}{zone}"


def _month_first(found: re.Match[str]) -> str:
    month, day = found[1], found[2]
    if int(month) > 12:
        month, day = day, month
    full = found[3] if len(found[3]) == 4 else f"20{found[3]}"
    return _say_date(full, month, day) or found[0]


def _month(written: str) -> str:
    return next(month for month in _MONTHS if month.startswith(written[:3]))


def _month_day(found: re.Match[str]) -> str:
    if int(found["day"]) > 31:
        return found[0]
    said = f"{_month(found['month'])} {ordinal(found['day'])}"
    if found["last"]:
        said += f" to {ordinal(found['last'])}"
    return f"{said}, {year(found['year'])}" if found["year"] else said


def _day_month(found: re.Match[str]) -> str:
    if int(found["day"]) > 31:
        return found[0]
    the = "" if word_before(found).lower() == "the" else "the "
    said = f"{the}{ordinal(found['day'])} of {_month(found['month'])}"
    if found["year"]:
        return f"{said} {year(found['year'])}"
    return f"{said}{full_stop(found)}"


def _clock(hour: str, minute: str, second: str = "") -> str:
    if not int(minute):
        said = f"{say_number(hour)} o'clock" if int(hour) else "midnight"
    else:
        small = "oh " if int(minute) < 10 else ""
        said = f"{say_number(str(int(hour)))} {small}{say_number(str(int(minute)))}"
    seconds = second.replace(",", ".").removeprefix("0")
    if not seconds.strip("0."):
        return said
    return f"{said} and {figure(seconds)} second{'' if seconds == '1' else 's'}"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = str(int(found["hour"])), found["minute"], found["second"] or ""
    if int(hour) > 24 or int(minute) > 59 or float(second.replace(",", ".") or 0) >= 60:
        return found[0]
    if not found["half"]:
        return _clock(hour, minute, second) + (" to " if found["until"] else "")
    half = f" {found['half'][0].upper()} M{full_stop(found)}"
    return (say_number(hour) if not int(minute) else _clock(hour, minute)) + half


def _hour(found: re.Match[str]) -> str:
    first = f"{say_number(found['first'])} to " if found["first"] else ""
    hour = say_number(str(int(found["hour"])))
    if found["minute"] and int(found["minute"]):
        hour = _clock(found["hour"], found["minute"])
    until = " to " if found["until"] else ""
    return f"{first}{hour} {found['half'][0].upper()} M{until or full_stop(found)}"


def _year(found: re.Match[str]) -> str:
    before = word_before(found).rstrip(".").lower()
    recent = found[1] >= "1900"
    if before in _BEFORE_A_NUMBER or (not recent and before not in _BEFORE_A_YEAR):
        return found[0]
    if before not in _PLAINLY_BEFORE_A_YEAR and _is_count(word_after(found)):
        return found[0]
    return year(found[1])


def _is_count(word: str) -> bool:
    """True if the word after a number names the things it counts."""
    if word in _COUNTED:
        return True
    return len(word) > 2 and word.islower() and word.endswith("s") and word not in _NOT_COUNTED


def _decade(found: re.Match[str]) -> str:
    return plural(year(found[1]) if len(found[1]) == 4 else say_number(found[1]))


def _short_decade(found: re.Match[str]) -> str:
    """Say the 80s, and somebody's thirties; any other 30s are seconds."""
    is_one = word_before(found).lower().removesuffix("-") in _BEFORE_A_DECADE
    is_one = is_one or found.string.endswith("mid-", 0, found.start())
    return _decade(found) if is_one else found[0]


_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d(?:[.,]\d+)?)(?!\d))?"
_HALF = r"(?:[ap]\.\s?m\.|[ap]m\b|[AP]M\b)"

BEFORE: Rules = (
    rule(
        rf"(?<![\w-]){_MONTH} (?P<day>\d\d?)(?:st|nd|rd|th)?(?:\s?[-–]\s?(?P<last>\d\d?))?"
        r"(?:,? (?P<year>[12]\d{3}))?(?![\w:%/-]|[.,]\d)",
        _month_day,
        starts=starts_at(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?=[a-z.]* \d)"),
    ),
    rule(r"(?<!\w)[’'‘]([1-9]0)s\b", _decade, "’'‘"),
    rule(r"(?<!\w)[’'‘](\d\d)\b(?![’'\w])", lambda found: say_number(found[1]), "’'‘"),
)
"""Dates and decades that do not begin with a number."""

NUMBERS: Rules = (
    number_rule(
        rf"{UNJOINED}(?P<year>\d{{4}})(?P<dash>[-/])(?P<month>\d\d?)(?P=dash)(?P<day>\d\d?)"
        r"(?:(?:T|,? )(?P<time>\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?)(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
        r"(?![\w/-]|[.,:]\d)",
        _iso,
        "-/",
    ),
    number_rule(rf"{UNJOINED}(\d\d?)/(\d\d?)/(\d{{4}}|\d\d)(?![\w/]|[.,]\d)", _month_first, "/"),
    number_rule(rf"{UNJOINED}(\d\d)-(\d\d)-((?:19|20)\d\d)(?![\w/-]|[.,]\d)", _month_first, "-"),
    number_rule(
        rf"{UNJOINED}(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>(?:19|20)\d\d)(?![\w/-]|[.,]\d)",
        lambda found: _say_date(found["year"], found["month"], found["day"]) or found[0],
        ".",
    ),
    number_rule(
        rf"{UNJOINED}((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\w/-]|[.,]\d)",
        lambda found: f"{_MONTHS[int(found[2]) - 1]} {year(found[1])}",
        "-",
    ),
    number_rule(
        rf"{UNJOINED}(?P<day>\d\d?)(?:st|nd|rd|th)? {_MONTH}"
        r"(?:,? (?P<year>[12]\d{3})(?![\w.]\w))?(?!\w)",
        _day_month,
        "JFMASOND",
    ),
    number_rule(
        rf"(?<![\w:.]){_TIME}(?![:\d])"
        rf"(?:(?P<until>\s?[-–]\s?(?=\d\d?:\d\d\b))|(?:\s?(?P<half>{_HALF}))?(?!\w))",
        _time,
        ":",
    ),
    number_rule(
        rf"(?<![\w:.,])(?:(?P<first>\d\d?)[-–])?(?P<hour>\d\d?)(?:\.(?P<minute>[0-5]\d))?\s?"
        rf"(?P<half>{_HALF})(?:(?P<until>\s?[-–]\s?(?=\d))|(?!\w))",
        _hour,
        "apAP",
    ),
    number_rule(r"(?<![\w.,])(\d\d\d0)[’']?s\b", _decade, "s"),
    number_rule(r"(?<![\w.,])([1-9]0)s\b", _short_decade, "s"),
)
"""Dates, times and decades that begin with a number."""

_SHORT = word_set("Jan Feb Apr Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri")
SHORT_HINT = "|".join(rf"(?<=\b{short}\.)" for short in _SHORT)
_AT_SHORT = starts_at(rf"(?:{any_of(_SHORT)})\.")

SHORT: Rules = (
    rule(
        r"\b(?P<month>Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\.(?! \d{1,2}\b(?!\d))",
        lambda found: f"{_month(found['month'])}{full_stop(found)}",
        starts=_AT_SHORT,
    ),
    rule(
        r"\b(?P<day>Mon|Tues?|Wed|Thu(?:rs)?|Fri)\.",
        lambda found: f"{_DAYS[found['day'][:3]]}{full_stop(found)}",
        starts=_AT_SHORT,
    ),
)
"""Names of months and days that are cut short."""

YEARS: Rules = (
    number_rule(
        r"(?<![\w/$€£¥#+±~<>=.,])(?<![\s(\[]-)(1[1-9]\d\d|20\d\d)(?![\w/%°+]|[.,]\d)", _year
    ),
)
"""Years: numbers that no other rule took as a quantity."""
