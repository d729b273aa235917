"""Quantities of the configuration: durations, sizes and dates, as a user writes them."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from narrated.config.work_hours import WorkHours, parse_hours


class Seconds(float):
    """A duration, written as a number of seconds or as 250ms, 5s, 2m, 1h, 1d."""


class SecondsOrNever(Seconds):
    """A duration, or `never`, which is infinite."""


class Bytes(int):
    """A size, written as a number of bytes or as 64k, 500MB, 20GB, 8GiB."""


class Day(date):
    """A date, written as YYYY-MM-DD."""


_NUMBER = r"(\d+(?:\.\d+)?)\s*"
_DURATION = re.compile(_NUMBER + "(ms|s|m|min|h|d|)")
_DURATION_S = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(_NUMBER + "((?:[kmgt]i?)?)b?")
_SIZE_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE_BYTES |= {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def decode_value(kind: type, value: Any) -> Any:
    """Decode a path, duration or size as the user wrote it; raises ValueError."""
    if kind is WorkHours:
        return parse_hours(value)
    decode, expected = _DECODERS[kind]
    try:
        return decode(value)
    except (TypeError, ValueError):
        raise ValueError(f"Expected {expected}, got `{value!r}`") from None


def encode_value(value: Any) -> Any:
    """Encode a value so that `decode_value` reads it back."""
    if isinstance(value, Seconds):
        return float(value) if math.isfinite(value) else "never"
    if isinstance(value, WorkHours):
        return [str(each) for each in value.ranges]
    return int(value) if isinstance(value, Bytes) else str(value)


def _seconds(value: Any) -> Seconds:
    return Seconds(_amount(value, _DURATION, _DURATION_S))


def _seconds_or_never(value: Any) -> SecondsOrNever:
    return SecondsOrNever(math.inf if value == "never" else _seconds(value))


def _bytes(value: Any) -> Bytes:
    return Bytes(_amount(value, _SIZE, _SIZE_BYTES))


def _day(value: Any) -> Day:
    return Day.fromisoformat(str(value).strip())


def _amount(value: Any, written: re.Pattern[str], factors: Mapping[str, float]) -> float:
    if match := written.fullmatch(str(value).strip().lower()):
        return float(match[1]) * factors[match[2]]
    raise ValueError


_DECODERS: dict[type, tuple[Callable[[Any], Any], str]] = {
    Path: (Path, "a path"),
    Seconds: (_seconds, "a duration such as 5s"),
    SecondsOrNever: (_seconds_or_never, "a duration such as 10m, or never"),
    Day: (_day, "a date such as 2024-03-09"),
    Bytes: (_bytes, "a size such as 64k or 20GB"),
}
