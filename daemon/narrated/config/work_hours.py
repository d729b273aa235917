"""The hours in which narrated works: ranges of local time, such as 22:00-07:00."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

DAY_MINUTES = 24 * 60
EXPECTED = "hours from and to, such as 22:00-07:00, or a list of them"

_TIME = r"(\d{1,2})(?::(\d{2}))?"
_RANGE = re.compile(rf"\s*{_TIME}\s*[-–]\s*{_TIME}\s*")
_DAYS_AHEAD = 3  # a range that the change to summer time skips opens on the next day


@dataclass(frozen=True, slots=True)
class HourRange:
    """A range of minutes of the day; one that ends before it begins goes across midnight."""

    begin: int
    end: int

    def __contains__(self, minute: int) -> bool:
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def __str__(self) -> str:
        return f"{_clock(self.begin)}-{_clock(self.end)}"


class WorkHours:
    """Ranges of local time; no range means always."""

    def __init__(self, ranges: Iterable[HourRange] = ()) -> None:
        self.ranges = tuple(ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkHours) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __str__(self) -> str:
        return ", ".join(map(str, self.ranges))

    def are_open(self, at: float) -> bool:
        """True if a time, in seconds since the epoch, lies in one of the ranges."""
        local = time.localtime(at)
        return self._holds(local.tm_hour * 60 + local.tm_min)

    def opening(self, at: float) -> float:
        """Return the first time from `at` on that lies in a range; both since the epoch."""
        if self.are_open(at):
            return at
        later = (each for each in self._beginnings(at) if each > at and self.are_open(each))
        return min(later, default=at)

    @property
    def minutes_a_day(self) -> int:
        """The minutes of an ordinary day that lie in a range."""
        return sum(map(self._holds, range(DAY_MINUTES)))

    def _holds(self, minute: int) -> bool:
        return not self.ranges or any(minute in each for each in self.ranges)

    def _beginnings(self, at: float) -> Iterator[float]:
        year, month, day = time.localtime(at)[:3]
        for ahead in range(_DAYS_AHEAD):
            for each in self.ranges:
                yield time.mktime((year, month, day + ahead, 0, each.begin, 0, 0, 0, -1))


def parse_hours(value: Any) -> WorkHours:
    """Parse a range or a list of ranges, as the user wrote them; ValueError says what is wrong."""
    entries = value if isinstance(value, list) else [value]
    return WorkHours(map(_parse_range, entries))


def _parse_range(value: Any) -> HourRange:
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"Expected {EXPECTED}, got `{_as_written(value)}`")
    begin, end = _minute(match[1], match[2]) % DAY_MINUTES, _minute(match[3], match[4])
    if begin == end:
        raise ValueError(
            f"`{value}` begins and ends at the same time; 00:00-24:00 is the whole day"
        )
    return HourRange(begin, end)


def _minute(hour: str, minute: str | None) -> int:
    total = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or total > DAY_MINUTES:
        raise ValueError(f"There is no time `{hour}:{minute or '00'}`; the last one is 24:00")
    return total


def _as_written(value: Any) -> Any:
    """Undo YAML's reading of 22:00, which is 22 times 60 to it."""
    is_time = isinstance(value, int) and 60 <= value <= DAY_MINUTES
    return _clock(value) if is_time else value


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
