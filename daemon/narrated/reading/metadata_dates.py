"""Reads the date in a post's metadata, in the forms that blog engines write."""

import re
from datetime import UTC, date, datetime

_LONGEST = 60
_NUMERIC = re.compile(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T?\d{4}(?:\d\d)?Z?)?")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?")
_TIME = re.compile(r"(?:,|\s)\s*(?:at\s+)?\d{1,2}:\d\d.*\Z", re.S)
_TIME_ALONE = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\.?)?", re.I)
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+", re.I)
_FORMATS = ("%d %b %Y", "%b %d %Y")


def metadata_date(text: str) -> str | None:
    """Return a date as it is spoken, in ISO 8601 if its form is clear; None if it is no date.

    The time of day goes, since it is not spoken. Words such as `today` and `last-modified` are no
    date: another tool replaces them.
    """
    text = " ".join(text.split()).strip("[]<>\"' ")
    is_time = _TIME_ALONE.fullmatch(text)
    if is_time or not any(sign.isdigit() for sign in text) or len(text) > _LONGEST:
        return None
    if found := _NUMERIC.match(text) or _COMPACT.fullmatch(text):
        return _day(*map(int, found.groups()))
    if found := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]), UTC).date().isoformat()
    return _without_time(text)


def _without_time(text: str) -> str:
    """Drop the time of a date in words, as feeds and JavaScript write it, and the weekday then."""
    words = _TIME.sub("", text)
    if words == text:
        return text
    words = _WEEKDAY.sub("", words, count=1)
    for form in _FORMATS:
        try:
            return datetime.strptime(words.replace(",", ""), form).date().isoformat()
        except ValueError:
            continue
    return words


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
