"""Say times of day, their ranges and their zones in English words."""

import re

from narrated.script.english.numbers import figure
from narrated.script.english.rule_engine import Rules, full_stop, number_rule, rule, starts_at
from narrated.script.spoken_numbers import say_number

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d(?:[.,]\d+)?)(?!\d))?"
# "A M" is A.M. after the rule of initials.
_HALF = r"(?:[ap]\.\s?m\.|[ap]m\b|[AP]M\b|[AP] M\b)"
_ZONE = r"(?:\s(?P<zone>(?:[ecmp][sd]t|gmt|utc|bst|cest|cet)\b))?"


def say_time(hour: str, minute: str, second: str = "") -> str:
    """Say a time of day by its hour, minute and second."""
    if not int(minute):
        said = f"{say_number(hour)} o'clock" if int(hour) else "midnight"
    else:
        small = "oh " if int(minute) < 10 else ""
        said = f"{say_number(str(int(hour)))} {small}{say_number(str(int(minute)))}"
    seconds = second.replace(",", ".").removeprefix("0")
    if not seconds.strip("0."):
        return said
    return f"{said} and {figure(seconds)} second{'' if seconds == '1' else 's'}"


def say_offset(zone: str) -> str:
    """Say an offset from UTC: +01:00 is "plus one"."""
    digits = zone[1:].replace(":", "")
    minutes = f" {say_number(digits[2:])}" if digits[2:] not in ("", "00") else ""
    return (
        f" {'minus' if zone[0] in '-−' else 'plus'} {say_number(digits[:2])}{minutes}"
        if zone
        else ""
    )


def _time(found: re.Match[str]) -> str:
    hour, minute, second = str(int(found["hour"])), found["minute"], found["second"] or ""
    if int(hour) > 24 or int(minute) > 59 or float(second.replace(",", ".") or 0) >= 60:
        return found[0]
    is_whole_hour = found["half"] and not int(minute) and not second.strip("0")
    said = say_number(hour) if is_whole_hour else say_time(hour, minute, second)
    return f"{_first(found)}{said}{_half_and_end(found)}"


def _hour(found: re.Match[str]) -> str:
    hour = say_number(str(int(found["hour"])))
    if found["minute"] and int(found["minute"]):
        hour = say_time(found["hour"], found["minute"])
    return f"{_first(found)}{hour}{_half_and_end(found)}"


def _first(found: re.Match[str]) -> str:
    """Say the hour that a range begins with."""
    return f"{say_number(found['first'])} to " if found["first"] else ""


def _half_and_end(found: re.Match[str]) -> str:
    """Say the half of the day, the zone, and the joint to a time that follows."""
    half = f" {found['half'][0].upper()} M" if found["half"] else ""
    zone = f" {found['zone'].upper()}" if found["zone"] else ""
    until = " to " if found["until"] else ""
    return f"{half}{zone}{until or (full_stop(found) if half else '')}"


def _glued_half(found: re.Match[str]) -> str:
    return f"{found[1].lower()}m{full_stop(found)}"


def _offset(found: re.Match[str]) -> str:
    sign = "plus" if found[2] == "+" else "minus"
    minutes = f" {say_number(found[4])}" if found[4] and int(found[4]) else ""
    return f"{found[1]} {sign} {say_number(found[3])}{minutes}"


HINT = r"\.(?:(?<=\d[apAP]\.)(?=\s?[mM])|(?<=\b[ecmp]\.)(?=\s?[sd]\.\s?t\b))"

EARLY: Rules = (
    rule(r"(?<=\d)([apAP])\.\s?[mM]\b\.?", _glued_half, "."),
    rule(r"\b([ap])\.\s?m\.(?=\s[ecmp]\.\s?[sd]\.\s?t\b)", r"\1m", "."),
    rule(
        r"\b([ecmp])\.\s?([sd])\.\s?t\b\.?",
        lambda found: f"{found[1]}{found[2]}t".upper() + full_stop(found),
        ".",
    ),
)
"""Halves of the day and zones with full stops, before names with a dot inside."""

BEFORE: Rules = (
    rule(
        r"\b(UTC|GMT)\s?([+−-])(\d{1,2})(?::?(\d\d))?(?![\w:])",
        _offset,
        "+-−",
        starts_at("UTC|GMT"),
    ),
)
"""Offsets of zones."""

NUMBERS: Rules = (
    number_rule(
        rf"(?<![\w:.])(?:(?P<first>\d\d?)\s?[-–]\s?)?{_TIME}(?!\d|:\S|,\d{{3}}(?!\d))(?:h\b)?(?:\s?(?P<half>{_HALF}){_ZONE})?"
        rf"(?:(?P<until>\s?[-–—]\s?(?=\d\d?(?::\d\d\b|\s?{_HALF})))|(?!\w))",
        _time,
        ":",
    ),
    number_rule(
        rf"(?<![\w:.])(?<!\d,)(?:(?P<first>\d\d?)\s?[-–]\s?)?(?P<hour>\d\d?)(?:\.(?P<minute>[0-5]\d))?\s?"
        rf"(?P<half>{_HALF}){_ZONE}(?:(?P<until>\s?[-–—]\s?(?=\d))|(?!\w))",
        _hour,
        "apAP",
    ),
)
"""Times of day."""
