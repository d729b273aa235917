"""Say dates, years, quarters and decades in English words."""

import re
import time

from narrated.script.english.calendar_names import DAYS, MONTHS, month_name, short_year
from narrated.script.english.clock import say_offset, say_time
from narrated.script.english.decades import DECADES, say_decade
from narrated.script.english.numbers import (
    cardinal,
    era_year,
    ordinal,
    year,
)
from narrated.script.english.rule_engine import (
    UNJOINED,
    Rules,
    Starts,
    full_stop,
    number_rule,
    rule,
    starts_at,
    word_after,
    word_before,
    word_set,
)

_MONTH = (
    r"(?P<month>(?i:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|"
    r"June?|Jun\.|July?|Jul\.|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|"
    r"Nov(?:ember|\.)?|Dec(?:ember|\.)?))"
)
_SHORT_MONTH = r"(?P<month>(?i:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec))"
_TH = r"(?:st|nd|rd|th|ST|ND|RD|TH)"
_VERBS = frozenset({"may", "march", "mar"})
"""Months that are also words, if they are written small."""
_BEFORE_A_DATE = word_set("on since until till dated")
_BEFORE_A_MONTH = _BEFORE_A_DATE | word_set("by before after from this last next")
_DAYS_OF_THE_WEEK = {day.lower() for day in DAYS.values()}
_BEFORE_PEOPLE = word_set("all the these those other only than")
_CLAUSE_ENDS = re.compile(r"[.,;:!?)]|\Z")
_UNTIL = word_set("until till by through expires expiring due deadline valid expiry exp")
"""Words before a date that may lie in the future."""
_BEFORE_A_QUARTER = word_set("the this that last next our their its each every a")
_PARTS = {"Q": ("first", "second", "third", "fourth"), "H": ("first", "second")}
_PART_NAMES = {"Q": "quarter", "H": "half"}
_BEFORE_A_YEAR = word_set(
    "in since from of by until till before after around circa year early late to through during"
    " between mid and the born died reigned flourished"
) | {month.lower() for month in MONTHS}
_PLAINLY_BEFORE_A_YEAR = _BEFORE_A_YEAR - {"to", "of", "and", "the", "by", "from"}
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
    return f"{MONTHS[int(month) - 1]} {ordinal(str(int(day)))}, {year(year_)}"


def _iso(found: re.Match[str]) -> str:
    date = _say_date(found["year"], found["month"], found["day"])
    if not date:
        return found[0]
    if not found["time"]:
        return date
    zone = {None: "", "Z": " U T C"}.get(found["zone"], say_offset(found["zone"] or ""))
    return f"{date}, {say_time(*found['time'].split(':'))}{zone}"


def _month_first(found: re.Match[str]) -> str:
    month, day = found[1], found[2]
    if int(month) > 12:
        month, day = day, month
    return _say_date(_full_year(found[3], found), month, day) or found[0]


def _full_year(digits: str, found: re.Match[str]) -> str:
    """Give the century of a year of two digits: one in the future is of the last century."""
    if len(digits) > 2:
        return digits
    is_future = int(f"20{digits}") > time.localtime().tm_year
    is_last = is_future and word_before(found).lower() not in _UNTIL
    return f"{'19' if is_last else '20'}{digits}"


def _month_day(found: re.Match[str]) -> str:
    if not (_is_day(found["day"]) and _month_is_named(found)):
        return found[0]
    said = f"{month_name(found['month'])} {ordinal(found['day'])}"
    if found["last"]:
        said += f"{_joint(found['joint'])}{ordinal(found['last'])}"
    until = " to " if found["until"] else ""
    return (f"{said}, {year(found['year'])}" if found["year"] else said) + until


def _month_and_year(found: re.Match[str]) -> str:
    return f"{MONTHS[int(found[1]) - 1]} {year(found[2])}"


def _month_and_day(found: re.Match[str]) -> str:
    return f"{MONTHS[int(found[1]) - 1]} {ordinal(found[2])}"


def _month_day_joined(found: re.Match[str]) -> str:
    """Say Jan-15-2020."""
    if not _is_day(found["day"]) or (found["month"].islower() and not found["year"]):
        return found[0]
    said = f"{month_name(found['month'])} {ordinal(found['day'])}"
    return f"{said}, {year(_full_year(found['year'], found))}" if found["year"] else said


def _day_month(found: re.Match[str]) -> str:
    if not (_is_day(found["day"]) and _day_has_month(found)):
        return found[0]
    last = f"{_joint(found['joint'])}{ordinal(found['last'])}" if found["last"] else ""
    said = f"{_the(found)}{ordinal(found['day'])}{last} of {month_name(found['month'])}"
    if found["year"]:
        return f"{said} {year(found['year'])}"
    return f"{said}{full_stop(found)}"


def _day_month_joined(found: re.Match[str]) -> str:
    """Say 15-Jan-2020."""
    if not _is_day(found["day"]):
        return found[0]
    said = f"{_the(found)}{ordinal(found['day'])} of {month_name(found['month'])}"
    return f"{said} {year(_full_year(found['year'], found))}" if found["year"] else said


def _year_month_day(found: re.Match[str]) -> str:
    """Say 2020-Jan-15."""
    if not _is_day(found["day"]):
        return found[0]
    return f"{month_name(found['month'])} {ordinal(found['day'])}, {year(found['year'])}"


def _is_day(digits: str) -> bool:
    return 1 <= int(digits) <= 31


def _the(found: re.Match[str]) -> str:
    return "" if word_before(found).lower() == "the" else "the "


def _joint(written: str) -> str:
    return " and " if written == "/" else " to "


def _month_is_named(found: re.Match[str]) -> bool:
    """True if the month before a day is no verb: "may 5 of you", "we march 5 miles"."""
    if found["month"] not in _VERBS or found["year"] or found["th"]:
        return True
    return word_before(found).lower() in _BEFORE_A_MONTH | _DAYS_OF_THE_WEEK


def _day_has_month(found: re.Match[str]) -> bool:
    """True if the month after a day is no verb: "all 18 may leave"."""
    if found["month"] not in _VERBS or found["year"]:
        return True
    before = word_before(found).lower()
    if before in _BEFORE_A_DATE | _DAYS_OF_THE_WEEK:
        return True
    is_last = found["month"] == "may" and before not in _BEFORE_PEOPLE
    if is_last and _CLAUSE_ENDS.match(found.string, found.end()):
        return True
    return bool(found["th"]) and found["month"] != "may"


def _weekday(found: re.Match[str]) -> str:
    return f"{DAYS[found[1][:3].capitalize()]}{found[2]} "


def _quarter(found: re.Match[str]) -> str:
    """Say 2Q22: the second quarter of twenty-two."""
    the = "" if word_before(found).lower() in _BEFORE_A_QUARTER else "the "
    part = found["part"]
    if int(found["count"]) > len(_PARTS[part]):
        return found[0]
    nth = _PARTS[part][int(found["count"]) - 1]
    digits = found["year"]
    return (
        f"{the}{nth} {_PART_NAMES[part]} of {year(digits) if len(digits) > 2 else cardinal(digits)}"
    )


def _era(found: re.Match[str]) -> str:
    """Say the year or years before BC, AD and their like."""
    last = f"{_era_joint(found['joint'])}{era_year(found['last'])}" if found["last"] else ""
    era = found["era"].replace(".", " ").strip().upper()
    return f"{era_year(found['first'])}{last} {era}{full_stop(found)}"


def _era_joint(written: str) -> str:
    return " to " if written.strip() in ("-", "–") else f" {written.strip()} "


def _years_from_to(found: re.Match[str]) -> str:
    """Say from about 1493 to 1520."""
    if found[1] >= found[4] or _is_count(word_after(found)):
        return found[0]
    return f"{year(found[1])} {found[2]} {found[3] or ''}{year(found[4])}"


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


_YEAR = r"(?:1[1-9]\d\d|20\d\d)"
_AFTER_GAPS = re.compile(r"\d(?<=[A-Za-z.,][ /-].)")
_MONTH_AT_THE_END = re.compile(
    rf"(?<![A-Za-z])(?i:{'|'.join(month[:3] for month in MONTHS)})[A-Za-z]{{0,6}}\.?,?\Z"
)


def _month_places(text: str) -> list[int]:
    """Give the first letters of months before digits; looking back from digits is cheaper."""
    gaps = [digit.start() - 1 for digit in _AFTER_GAPS.finditer(text)]
    found = (_MONTH_AT_THE_END.search(text, max(0, gap - 12), gap) for gap in gaps)
    return [month.start() for month in found if month]


_AT_MONTHS = Starts(_month_places)

_DAY = "|".join(form for day in DAYS for form in (day, day.upper()))
_ANY_MONTH = f"(?i:{'|'.join(month[:3] for month in MONTHS)})"
_DATE_NEXT = rf"(?=(?:the )?(?:\d\d?{_TH}?[ -]{_ANY_MONTH}|{_ANY_MONTH}[a-zA-Z.]{{0,6}} \d))"
_AT_DAYS = starts_at(
    r"[MTWFS](?:on|ON|ue|UE|ed|ED|hu|HU|ri|RI|at|AT|un|UN)(?=[a-z]{0,3}\.?,? [\dJFMASONDt])"
)
_AFTER_A_DAY = "|".join(rf"(?<=\b{day} )" for day in (*DAYS, *DAYS.values()))
_ERA = (
    r"(?P<era>BCE?|AD|CE|B[. ] ?C(?:[. ] ?E)?\b\.?|A[. ] ?D\b\.?|b\. ?c\.|a\. ?d\."
    r"|C[. ] ?E\b\.?)(?![\w’'])"
)


BEFORE: Rules = (
    rule(rf"(?<![\w-])({_DAY})(?:s|rs|urs)?\.?(,?) {_DATE_NEXT}", _weekday, starts=_AT_DAYS),
    rule(
        rf"(?<![\w-]){_MONTH} (?P<day>\d\d?)(?P<th>{_TH})?"
        rf"(?:(?P<joint>\s?[-–]\s?|/)(?P<last>\d\d?){_TH}?)?"
        r"(?:,? (?P<year>[12]\d{3}))?"
        rf"(?:(?P<until>\s?[-–—]\s?(?={_ANY_MONTH}[a-z]{{0,6}}\.? \d))|(?![\w:%/-]|[.,]\d))",
        _month_day,
        starts=_AT_MONTHS,
    ),
    rule(
        rf"(?<![\w-]){_MONTH}(?P<joint>[-/])(?P<day>\d\d?)(?:(?P=joint)(?P<year>\d{{4}}|\d\d))?"
        r"(?![\w/-]|[.,]\d)",
        _month_day_joined,
        "-/",
        _AT_MONTHS,
    ),
    rule(
        rf"(?<![\w-]){_SHORT_MONTH}\.?(?:,? |[-/])(?P<year>(?:1[5-9]|20)\d\d)(?![\w/-]|[.,]\d)",
        lambda found: f"{month_name(found['month'])} {year(found['year'])}",
        starts=_AT_MONTHS,
    ),
    rule(
        r"\b(BCE?|AD|CE)\s?[-–]\s?(?=(?:AD )?\d)",
        r"\1 to ",
        "-–",
        starts_at(r"(?:BC|AD|CE)(?=E?\s?[-–])"),
    ),
    rule(r"(?<!\w)[’'‘]([1-9]0)s\b", say_decade, "’'‘"),
    rule(r"(?<!\w)[’'‘](\d\d)\b(?![’'\w])", lambda found: short_year(found[1]), "’'‘"),
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
    number_rule(
        rf"{UNJOINED}(0[1-9]|1[0-2])/((?:19|20)\d\d)(?![\w/]|[.,]\d)", _month_and_year, "/"
    ),
    number_rule(
        r"(?<=[Oo]n )(?<![a-z][Oo]n )(0?[1-9]|1[0-2])/(1[3-9]|2\d|3[01])(?![\w/]|[.,]\d)",
        _month_and_day,
        "/",
    ),
    number_rule(
        rf"(?<=[a-z] )(?:{_AFTER_A_DAY})(0?[1-9]|1[0-2])/([1-9]|[12]\d|3[01])(?![\w/]|[.,]\d)",
        _month_and_day,
        "/",
    ),
    number_rule(
        r"(?<=\bFY)((?:19|20)\d\d)/(\d\d)(?![\w/])",
        lambda found: f" {year(found[1])} {cardinal(found[2])}",
        "/",
    ),
    number_rule(rf"{UNJOINED}(\d\d)-(\d\d)-((?:19|20)\d\d)(?![\w/-]|[.,]\d)", _month_first, "-"),
    number_rule(
        rf"{UNJOINED}(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>(?:19|20)\d\d)(?![\w/-]|[.,]\d)",
        lambda found: _say_date(found["year"], found["month"], found["day"]) or found[0],
        ".",
    ),
    number_rule(
        rf"{UNJOINED}((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\w/-]|[.,]\d)",
        lambda found: f"{MONTHS[int(found[2]) - 1]} {year(found[1])}",
        "-",
    ),
    number_rule(
        rf"{UNJOINED}(?P<day>\d\d?)(?P<th>{_TH})?(?:(?P<joint>\s?[-–]\s?|/)(?P<last>\d\d?){_TH}?)?"
        rf" {_MONTH}(?:,? (?P<year>[12]\d{{3}})(?![\w.]\w))?(?!\w)",
        _day_month,
    ),
    number_rule(
        rf"{UNJOINED}(?P<day>\d\d?)(?P<joint>[-/]){_MONTH}(?:(?P=joint)(?P<year>\d{{4}}|\d\d))?"
        r"(?![\w/-]|[.,]\d)",
        _day_month_joined,
        "-/",
    ),
    number_rule(
        rf"{UNJOINED}(?P<year>(?:19|20)\d\d)(?P<joint>[-/ ]){_MONTH}(?P=joint)(?P<day>\d\d?)"
        r"(?![\w/-]|[.,:]\d)",
        _year_month_day,
    ),
    number_rule(
        r"(?<![\w.,/$€£-])(?P<first>\d{2,5})(?:(?P<joint>\s?[-–]\s?| to | and | until )"
        rf"(?P<last>\d{{1,5}}))?\s?{_ERA}",
        _era,
        "BACba",
    ),
    number_rule(
        r"(?<=D )(?:(?<=\bAD )|(?<=\bA D ))(\d{3,4})(?![\w/%-]|[.,]\d)",
        lambda found: era_year(found[1]),
    ),
    number_rule(
        r"(?<![\w.])(?P<count>[1-4])(?P<part>[QH])\s?[’']?(?P<year>\d\d|(?:19|20)\d\d)(?!\w)",
        _quarter,
        "QH",
    ),
    number_rule(
        rf"(?<=[td] )(?:(?<=from about )|(?<=between about )"
        rf"|(?<=from around )|(?<=between around ))({_YEAR})"
        rf" (to|and|until|through|till) (about |around )?({_YEAR})(?![\w/%°+]|[.,]\d)",
        _years_from_to,
    ),
    *DECADES,
)
"""Dates and decades that begin with a number."""

YEARS: Rules = (
    number_rule(
        r"(?<![\w/$€£¥#+±~<>=.,])(?<![\s(\[]-)(1[1-9]\d\d|20\d\d)(?![\w/%°+]|[.,]\d)", _year
    ),
)
"""Years: numbers that no other rule took as a quantity."""
