"""Say places on the globe, and angles: 40°26′46″N is "forty degrees, twenty-six minutes …"."""

import re

from narrated.script.english.numbers import figure, one_or_many
from narrated.script.english.rule_engine import (
    NUMBER,
    Rules,
    number_rule,
    rule,
    starts_at,
    word_table,
)

_COMPASS = word_table("""
    N: north; S: south; E: east; W: west; NE: north-east; NW: north-west; SE: south-east;
    SW: south-west
""")
_NAMES = ("degree", "minute", "second")


def _angle(found: re.Match[str]) -> str:
    amounts = (found["degrees"], found["minutes"], found["seconds"])
    parts = [
        f"{figure(amount)} {one_or_many(amount, name, f'{name}s')}"
        for amount, name in zip(amounts, _NAMES, strict=True)
        if amount
    ]
    minus = "minus " if found["minus"] else ""
    point = f" {_COMPASS[found['point']]}" if found["point"] else ""
    return minus + ", ".join(parts) + point


_MINUS = r"(?P<minus>(?<![^\s(\[])[-−])?"
_POINT = r"(?:\s?(?P<point>[NS][EW]|[NSEW])(?!\w|\.\w))"

BEFORE: Rules = (
    rule(
        r"(?<![\w.°º″\"′'’])(?<![°º″\"′'’] )([NSEW]) (?=\d[\d.]*\s?°)",
        lambda found: f"{_COMPASS[found[1]]} ",
        "°",
        starts_at(r"[NSEW](?= \d)"),
    ),
)

RULES: Rules = (
    number_rule(
        rf"(?<![\w.,]){_MINUS}(?P<degrees>\d+)\s?[°º]\s?(?P<minutes>\d+(?:\.\d+)?)\s?[′'’]"
        rf"(?:\s?(?P<seconds>\d+(?:\.\d+)?)\s?(?:[″\"”]|′′|''))?{_POINT}?",
        _angle,
        "°º",
    ),
    number_rule(
        rf"(?<![\w.,]){_MINUS}(?P<degrees>{NUMBER})\s?[°º](?P<minutes>)(?P<seconds>){_POINT}",
        _angle,
        "°º",
    ),
)
