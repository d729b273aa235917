"""The rules of English in the order of their application: the wider form before its parts."""

from narrated.script.english import (
    abbreviations,
    acronyms,
    addresses,
    calendar,
    codes,
    identifiers,
    quantities,
    romans,
    signs,
)
from narrated.script.english.numbers import figure, ordinal
from narrated.script.english.rule import DIGITS, NUMBER, Rule, rule

_NUMBERS: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b",
        lambda found: ordinal(found[1]),
        DIGITS,
    ),
    rule(
        rf"(?<![\w.,])((?:(?<![^\s(\[“\"=])[-−])?{NUMBER})(?!\w)",
        lambda found: figure(found[1]),
        DIGITS,
    ),
)

RULES: tuple[Rule, ...] = (
    *abbreviations.RULES,
    *addresses.RULES,
    *codes.ADDRESSES,
    *calendar.RULES,
    *signs.EARLY,
    *codes.RULES,
    *quantities.RULES,
    *calendar.YEARS,
    *codes.NAMES,
    *_NUMBERS,
    *romans.RULES,
    *identifiers.RULES,
    *acronyms.RULES,
    *signs.LATE,
)
