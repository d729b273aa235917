"""Say decades: the 1960s-80s, the mid-80s, 60s music; any other 30s are seconds."""

import re

from narrated.script.english.numbers import is_about_time, plural, year
from narrated.script.english.rule_engine import Rules, number_rule, word_before, word_set
from narrated.script.spoken_numbers import say_number

_BEFORE_A_DECADE = word_set("the early late mid his her their its my our your low high")
_NEAR = 24
_STYLE_AFTER = re.compile(
    r"[ -](?:music|rock|pop|disco|punk|folk|films?|movies?|sitcoms?|fashion|styles?|nostalgia|kids?"
    r"|child|children|synths?|hits?|cartoons?|computers?|decor|architecture)\b"
)
"""Things that a decade is known for."""


def say_decade(found: re.Match[str]) -> str:
    """Say a decade of two or of four digits."""
    return plural(year(found[1]) if len(found[1]) == 4 else say_number(found[1]))


def _decades(found: re.Match[str]) -> str:
    """Say the 1960s-80s, and the 80s and 90s; any other 30s are seconds."""
    first = found[1]
    if len(first) == 2 and not _is_decade(found):
        return found[0]
    rest = re.sub(r"\s?[-–]\s?", " to ", found["rest"])
    return say_decade(found) + re.sub(r"[’'‘]?(\d+)[’']?s", say_decade, rest)


def _is_decade(found: re.Match[str]) -> bool:
    """True for the 80s, for somebody's thirties, and after other decades."""
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    if word_before(found).lower().removesuffix("-") in _BEFORE_A_DECADE or found["mark"]:
        return True
    if found[1] >= "20" and _STYLE_AFTER.match(found.string, found.end()):
        return True
    if re.search(
        r"(?:\b(?:mid|early|late)-|(?:tie|teen|hundred)s(?:,? and |,? or |, | ?[-–] ?))\Z", before
    ):
        return True
    return bool(found["rest"]) and found[1] >= "20" and not is_about_time(found)


_AND = r"(?:,? (?:and|or|to|through|&) (?:the )?|, |\s?[-–/]\s?)"
_DECADES = rf"(?P<rest>(?:{_AND}[’'‘]?(?:1[1-9]|2[01])?\d0[’']?s\b){{0,9}})"

DECADES: Rules = (
    number_rule(
        rf"(?<![\w.,])((?:1[1-9]|2[01])?[1-9]0|(?:1[1-9]|2[01])00)(?P<mark>[’']?)s\b{_DECADES}",
        _decades,
        "s",
    ),
)
