"""Dates of posts: written by their authors, in names of files, or when a file was written."""

# `strptime` imports it late, and then on the event loop.
import _strptime  # type: ignore[import-not-found]  # noqa: F401
import re
from datetime import date, datetime
from email.utils import parsedate

_IN_TEXT = re.compile(r"\s*(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)")
_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_/.](\d\d)[-_/.](\d\d)(?!\d)")
_FORMATS = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")
_DECORATION = re.compile(
    r"(?<=\d)(?:st|nd|rd|th)\b|\bthe\b|\bof\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.I
)
_LONGEST = 40


def parse_day(text: str) -> date | None:
    """Parse a date as an author wrote it; None if it is none, or may mean two days."""
    if not text or len(text) > _LONGEST:
        return None
    if match := _IN_TEXT.match(text):
        return _day(*match.groups())
    words = (
        _DECORATION.sub("", text)
        .replace(",", " ")
        .replace(".", " ")
        .replace("Sept ", "Sep ")
        .split()
    )
    for form in _FORMATS:
        try:
            return datetime.strptime(" ".join(words), form).date()
        except ValueError:
            continue
    mailed = parsedate(text)  # as feeds have it: Sat, 09 Mar 2024 08:00:00 GMT
    return _day(*mailed[:3]) if mailed else None


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


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
