"""Times of publication: when a written date begins."""

import math
import re
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_tz

from narrated.jobs.post_dates import parse_day

_ISO = re.compile(
    r"\s*(?P<day>\d{4}-\d\d-\d\d)[T ]\s*(?P<hour>\d\d?)(?P<minute>:\d\d)(?P<second>:\d\d)?"
    r"(?P<fraction>\.\d+)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?\s*$",
    re.I,
)
_MONTH_FIRST = re.compile(r"\s*(\d\d?)/(\d\d?)/(\d{4})\s*$")
_DAY_FIRST = re.compile(r"\s*(\d\d?)\.\s?(\d\d?)\.\s?(\d{4})\s*$")
_YEAR_OR_MONTH = re.compile(r"\s*(\d{4})(?:[-/](\d\d?))?\s*$")
_MONTH_FORMATS = ("%B %Y", "%b %Y")
_MOST_MONTHS = 12
_LONGEST = 60


def publication_s(text: str) -> float | None:
    """Return when a written date begins, in seconds since the epoch; None if it is no date.

    A time of day without a zone is local; a day without a time begins at local midnight, a month or
    a year with its first day.
    """
    if len(text) > _LONGEST:
        return None
    if (moment := _iso_time(text) or _mailed_time(text)) is not None:
        return _epoch_s(moment)
    day = parse_day(text) or _numeric_day(text) or _first_day(text)
    return None if day is None else midnight_s(day)


def midnight_s(day: date) -> float:
    """Return when a day begins here, in seconds since the epoch."""
    return _epoch_s(datetime(day.year, day.month, day.day))


def _iso_time(text: str) -> datetime | None:
    """Parse `2030-01-02 9:20 +0100` and the like; parts of a second do not count."""
    if not (match := _ISO.match(text)):
        return None
    part = match.groupdict(default="")
    written = f"{part['day']}T{part['hour']:0>2}{part['minute']}{part['second']}"
    try:
        return datetime.fromisoformat(written + part["zone"].upper())
    except ValueError:
        return None


def _mailed_time(text: str) -> datetime | None:
    """Parse a date with its time as feeds have it; without a zone it is in UTC, as in mail."""
    found = parsedate_tz(text) if ":" in text else None
    if found is None:
        return None
    try:
        moment = datetime(*found[:6])
        zone_s = found[9]
        return moment if zone_s is None else moment.replace(tzinfo=_zone(zone_s))
    except (OverflowError, TypeError, ValueError):
        return None


def _zone(offset_s: int) -> timezone:
    return timezone(timedelta(seconds=offset_s))


def _numeric_day(text: str) -> date | None:
    """Parse `1/2/2030` as it is spoken: the month first, unless it is over twelve."""
    if match := _DAY_FIRST.match(text):
        day, month, year = map(int, match.groups())
    elif match := _MONTH_FIRST.match(text):
        first, second, year = map(int, match.groups())
        month, day = (first, second) if first <= _MOST_MONTHS else (second, first)
    else:
        return None
    return _date(year, month, day)


def _first_day(text: str) -> date | None:
    """Return the first day of a year or a month, such as `2030`, `2030-05` and `May 2030`."""
    if match := _YEAR_OR_MONTH.match(text):
        return _date(int(match[1]), int(match[2] or 1), 1)
    words = " ".join(text.replace(",", " ").split())
    for form in _MONTH_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(words, form).date()
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _epoch_s(moment: datetime) -> float:
    try:
        return moment.timestamp()
    except (OverflowError, OSError, ValueError):  # the first year, or the last
        return 0.0 if moment.year < date.today().year else math.inf
