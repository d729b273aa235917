"""Amounts before a unit: a number, a range of numbers, below zero."""

import re

from narrated.script.english.numbers import figure
from narrated.script.english.rule_engine import NUMBER

DASH = r"(?:-|\s?–\s?)"
AMOUNT = (
    rf"(?<![\w.,/])(?P<minus>(?<![^\s(\[\"“])[-−])?"
    rf"(?:(?P<first>{NUMBER}){DASH})?(?P<amount>{NUMBER})"
)


def amount_said(found: re.Match[str]) -> str:
    """Say the amount of a unit, which may be a range or below zero."""
    first = f"{figure(found['first'])} to " if found["first"] else ""
    minus = "minus " if found["minus"] else ""
    return minus + first + figure(found["amount"])
