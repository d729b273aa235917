"""Say times of day, their ranges and their zones in English words."""

import re

from narrated.script.english.numbers import figure
from narrated.script.english.rule_engine import (
    Rules,
    full_stop,
    number_rule,
    rule,
    starts_at,
    word_after,
    word_before,
    word_set,
)
from narrated.script.spoken_numbers import say_number

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d(?:[.,]\d+)?)(?!\d))?"
# "A M" is A.M. after the rule of initials.
_HALF = r"(?:[ap]\.\s?m\.|[ap]m\b|[AP]M\b|[AP] M\b)"
_ZONE = (
    r"(?:\s(?P<zone>(?:[ecmp][sd]t|gmt|utc|bst|cest|cet|[ECMP][SD]?T|GMT|UTC|BST|CES?T|[JI]ST"
    r"|AE[SD]T)\b))?"
)


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
    zulu = " UTC" if found["zulu"] else ""
    return f"{_first(found)}{said}{zulu}{_half_and_end(found)}"


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


def _short_half(found: re.Match[str]) -> str:
    """Write 12:30p as 12:30 pm, and 10a-6p as 10 am to 6 pm; a price may be 5p, too."""
    before = found.string[max(0, found.start() - 8) : found.start()]
    is_end = found["until"] or _HALF_UNTIL.search(before)
    is_time = found["minute"] or is_end or word_before(found) in _BEFORE_A_TIME
    is_hour = int(found["time"].partition(":")[0]) <= 12
    if not (is_time and is_hour) or word_after(found) in _AFTER_A_PRICE:
        return found[0]
    until = " to " if found["until"] else ""
    return f"{found['time']} {found['half']}m{until}"


def _military(found: re.Match[str]) -> str:
    """Say 0630 hours: oh six thirty hours."""
    hour, minute = found[1], found[2]
    oh = "oh " if hour[0] == "0" else ""
    said = "hundred" if minute == "00" else say_number(str(int(minute)))
    return f"{oh}{say_number(str(int(hour)))} {said} hours"


def _offset(found: re.Match[str]) -> str:
    sign = "plus" if found[2] == "+" else "minus"
    minutes = f" {say_number(found[4])}" if found[4] and int(found[4]) else ""
    return f"{found[1]} {sign} {say_number(found[3])}{minutes}"


_BEFORE_A_TIME = word_set(
    "at by until till around before after doors show opens closes Doors Show to"
)
_AFTER_A_PRICE = word_set("each per a off coin coins")
_HALF_UNTIL = re.compile(r"\d[ap]\s?[-–]\s?\Z")
_BY_WORD = r"(?:[Nn]oon|[Mm]idnight|[Dd]awn|[Dd]usk|[Ss]unrise|[Ss]unset)"
_CLOSE = r"(?:noon|midnight|late|close|dusk|sunset|dawn)"

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
    rule(
        rf"\b({_BY_WORD})\s?[-–—]\s?(?=\d|{_CLOSE}\b)",
        r"\1 to ",
        "-–—",
        starts_at(r"[NMDSnmds](?:oon|idnight|awn|usk|unrise|unset)(?=\s?[-–—])"),
    ),
    rule(rf"(?<=\d)(?P<half>\s?[ap]m|:\d\d)\s?[-–—]\s?(?={_CLOSE}\b)", r"\g<half> to ", "-–—"),
    number_rule(
        r"(?<![\w:.$€£])(?P<time>\d\d?(?P<minute>:[0-5]\d)?)(?P<half>[ap])"
        r"(?:(?P<until>\s?[-–]\s?(?=\d\d?(?::\d\d)?[ap]m?\b))|(?!\w|\.\w))",
        _short_half,
        "ap",
    ),
    number_rule(
        r"(?<=[a-z] )(?:(?<=\bat )|(?<=\bby )|(?<=\bfrom )|(?<=\btill )|(?<=\buntil )"
        r"|(?<=\bbefore )|(?<=\bafter ))([01]\d|2[0-3])([0-5]\d) (?:hours|hrs)\b",
        _military,
    ),
    number_rule(r"(?<![\w.,:-])(0\d)([0-5]\d) (?:hours|hrs)\b", _military),
    number_rule(
        r"(?<![\w.,:])(\d\d?):([0-5]\d)-?ish\b",
        lambda found: f"{say_time(found[1], found[2])}-ish",
        ":",
    ),
)
"""Offsets of zones; times beside noon and midnight; halves of the day by one letter."""

NUMBERS: Rules = (
    number_rule(
        rf"(?<![\w:.])(?:(?P<first>\d\d?)\s?[-–]\s?)?{_TIME}(?!\d|:\S|,\d{{3}}(?!\d))(?:h\b)?(?P<zulu>Z\b)?(?:\s?(?P<half>{_HALF}){_ZONE})?"
        rf"(?:(?P<until>\s?[-–—]\s?(?=\d\d?(?::\d\d(?!\d)|\s?{_HALF})))|(?!\w))",
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
