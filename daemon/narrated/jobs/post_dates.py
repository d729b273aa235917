"""Dates of posts: written by their authors, in names of files, or when a file was written."""

# `strptime` imports it late, and then on the event loop.
import _strptime  # type: ignore[import-not-found]  # noqa: F401
import math
import re
from datetime import date, datetime
from email.utils import parsedate

_IN_TEXT = re.compile(r"\s*(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)")
_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_/.](\d\d)[-_/.](\d\d)(?!\d)")
_WITH_TIME = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[T ]\s*(\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s*(Z|[+-]\d\d:?\d\d)?\s*$",
    re.I,
)
_FORMATS = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")
_LONGEST = 40


def parse_day(text: str) -> date | None:
    """Parse a date as an author wrote it; None if it is none, or may mean two days."""
    if not text or len(text) > _LONGEST:
        return None
    if match := _IN_TEXT.match(text):
        return _day(*match.groups())
    words = text.replace(",", " ").replace(".", " ").split()
    for form in _FORMATS:
        try:
            return datetime.strptime(" ".join(words), form).date()
        except ValueError:
            continue
    mailed = parsedate(text)  # as feeds have it: Sat, 09 Mar 2024 08:00:00 GMT
    return _day(*mailed[:3]) if mailed else None


def publication_s(text: str) -> float | None:
    """Return when a written date begins, in seconds since the epoch; None if it is no date.

    A time of day without a zone is local; a day without a time begins at local midnight.
    """
    if match := _WITH_TIME.match(text[:_LONGEST]):
        day, time, zone = match.groups(default="")
        hours, _, rest = time.partition(":")
        try:
            moment = f"{day}T{hours:0>2}:{rest}{zone.upper()}"
            return _epoch_s(datetime.fromisoformat(moment))
        except ValueError:
            pass
    day_written = parse_day(text)
    return None if day_written is None else midnight_s(day_written)


def midnight_s(day: date) -> float:
    """Return when a day begins here, in seconds since the epoch."""
    return _epoch_s(datetime(day.year, day.month, day.day))


def day_in_path(path: str) -> date | None:
    """Return the last date in a path, such as `2024/03/09/post.md`; None if there is none."""
    days = (_day(*match.groups()) for match in reversed(list(_IN_NAME.finditer(path))))
    return next(filter(None, days), None)


def day_of_source(path: str, mtime_ns: int) -> date:
    """Return the last date in a path, or else the file's own day."""
    if day := day_in_path(path):
        return day
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9).date()
    except (OverflowError, OSError, ValueError):
        return date.min


def _epoch_s(moment: datetime) -> float:
    try:
        return moment.timestamp()
    except (OverflowError, OSError, ValueError):  # the first year, or the last
        return 0.0 if moment.year < datetime.now().year else math.inf


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
