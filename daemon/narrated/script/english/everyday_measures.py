"""Say measures as kitchens, workshops and races write them: a 9x13" pan, a 12' boat, ran a 5k."""

import re

from narrated.script.english.attributes import measures_a_noun
from narrated.script.english.numbers import figure, one_or_many, ordinal
from narrated.script.english.rule_engine import (
    NUMBER,
    Rules,
    full_stop,
    number_rule,
    word_after,
    word_set,
)

_NEAR_QUOTE = 200
_OPENED = re.compile(r"(?<!\w)['‘][^'‘’]*\Z")
_RAN = re.compile(
    r"\b(?:[Rr]an|[Rr]un|[Rr]uns|[Rr]unning|jog|jogged|raced?|marathon)\b[^.;]{0,30}\Z"
)
_RACES = word_set(
    "run race walk runner runners race races PR PB time in and or on at with this every"
)
_INGREDIENTS = (
    "flour|sugar|milk|water|butter|oats|rice|broth|stock|cream|cheese|oil|honey|yogurt|cocoa|nuts"
)


def _runner(found: re.Match[str]) -> str:
    """Say the length of a race: they ran a 5k."""
    before = found.string[max(0, found.start() - 48) : found.start()]
    after = word_after(found)
    is_race = after in ("run", "race", "runs", "races") or (
        _RAN.search(before) and (not after or after in _RACES)
    )
    return f"{figure(found[1])} K" if is_race else found[0]


def _part_of_a_second(found: re.Match[str]) -> str:
    return f"one {ordinal(found[1])} of a second{full_stop(found)}"


def _points_of_a_rate(found: re.Match[str]) -> str:
    """Say 25 bps of a rate of interest; nothing sends so few bits."""
    return f"{figure(found[1])} basis {one_or_many(found[1], 'point', 'points')}"


def _percentage_points(found: re.Match[str]) -> str:
    is_one = found[1] == "1" or measures_a_noun(found)
    return f"{figure(found[1])} percentage {'point' if is_one else 'points'}"


def _feet_of_a_thing(found: re.Match[str]) -> str:
    """Say "a 12' boat": a mark that closes no quotation, before what it measures."""
    before = found.string[max(0, found.start() - _NEAR_QUOTE) : found.start()]
    is_quoted = _OPENED.search(before) is not None
    return found[0] if is_quoted or not measures_a_noun(found) else f"{figure(found[1])} foot"


def _by_inches(found: re.Match[str]) -> str:
    """Say a 9x13" pan."""
    if not measures_a_noun(found):
        return found[0]
    return f"{figure(found[1])} by {figure(found[3])} inch"


HINT = (
    r"\d(?:[kM]\b|ers\b|pp\b|-?ish\b|\s?bps|h[0-5]\d|-[1-9]/\d"
    r"|[\"”″] ?[x×]| ?[x×] ?[\d.,]{1,6}[\"”″]"
    r"|['’] [a-z]| c\.? [a-z]|\s?°?C\s?(?:/|\(|or ))|1/\d{2,4}\s?s"
)

NUMBERS: Rules = (
    number_rule(
        r"(?<![\w.,$€£])(\d{2,3})\s?°?C\s?(?:/|\(|or )\s?(\d{2,3})\s?°?F(?!\w)\)?",
        lambda found: f"{figure(found[1])} degrees Celsius, {figure(found[2])} degrees Fahrenheit",
        "CF",
    ),
    number_rule(r"(?<![\w.,$€£/])(5|8|10|15|20|25|50)k(?!\w|\.\d)", _runner, "k"),
    number_rule(
        r"(?<![\w.,/])1/(\d{2,4})\s?(?:s|secs?|seconds?)\b\.?(?!\w)", _part_of_a_second, "/"
    ),
    number_rule(
        rf"(?<![\w.,])(\d{{1,2}}) c\.? (?={_INGREDIENTS})\b",
        lambda found: f"{figure(found[1])} {one_or_many(found[1], 'cup', 'cups')} ",
        "c",
    ),
    number_rule(r"(?<![\w.,/-])(\d{1,2}(?:\.\d+)?)\s?bps\b", _points_of_a_rate, "b"),
    number_rule(r"(?<![\w.,$€£])(\d{1,2}(?:\.\d)?)pp\b", _percentage_points, "p"),
    number_rule(
        r"(?<![\w.,:])(\d\d?)h([0-5]\d)(?!\w)",
        lambda found: (
            f"{figure(found[1])} {one_or_many(found[1], 'hour', 'hours')} {figure(found[2])}"
        ),
        "h",
    ),
    number_rule(r"(?<![\w.,/-])(\d{1,2})-(?=[1-9]/(?:2|3|4|8|16|32)(?![\w/]))", r"\1 ", "/"),
    number_rule(
        r"(?<![\w.,'’])(\d{1,3})['’](?= [a-z]+\b)(?!\d)",
        _feet_of_a_thing,
        "'’",
    ),
    number_rule(
        rf"(?<![\w.,])({NUMBER})(?P<inch>[\"”″])? ?[x×] ?({NUMBER})[\"”″](?= [a-z]+)",
        _by_inches,
        "x×",
    ),
    number_rule(r"(?<![\w.,:])(\d{2})-?ish\b", lambda found: f"{figure(found[1])}-ish", "i"),
)
"""Measures that other rules would take for something else."""
