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
from narrated.script.english.rule import AT_NUMBERS, NUMBER, Group, Rule, Sentence, rule

_NUMBERS: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b",
        lambda found: ordinal(found[1]),
        (),
        AT_NUMBERS,
    ),
    rule(
        rf"(?<![\w.,])((?:(?<![^\s(\[“\"=])[-−])?{NUMBER})(?!\w)",
        lambda found: figure(found[1]),
        (),
        AT_NUMBERS,
    ),
)

_DIGITS = r"[\d½¼¾⅓-⅞²³⁰-⁹]"

GROUPS: tuple[Group, ...] = (
    Group.of(abbreviations.HINT, abbreviations.RULES),
    Group.of(r"[@/\\]|\.(?=\w)|:(?<=localhost:)", addresses.RULES),
    Group.of(r"\d|::", codes.ADDRESSES),
    Group.of(r"\d", calendar.RULES),
    Group.of(
        r"[\d+=~<>&|/#]|\.(?=NET)|-(?:(?<=Ctrl-)|(?<=Cmd-)|(?<=Alt-)|(?<=Shift-))", signs.EARLY
    ),
    Group.of(_DIGITS, codes.RULES),
    Group.of(_DIGITS + r"|/s", quantities.RULES),
    Group.of(r"\d", calendar.YEARS),
    Group.of(_DIGITS, codes.NAMES),
    Group.of(r"\d", _NUMBERS),
    Group.of(romans.HINT, romans.RULES),
    Group.of(
        r"[_(]|\.(?=\w)|[A-Z](?:(?<=[a-z\d][A-Z])|(?=[A-Z]+[a-z]))|-(?<![\w-]-)", identifiers.RULES
    ),
    Group.of(r"[A-Z]{2}|&", acronyms.RULES),
    Group.of(r"[^\w\s,.;:!?'’]", signs.LATE),
)


def english(text: str) -> str:
    """Apply the rules to a text."""
    sentence = Sentence(text)
    for group in GROUPS:
        sentence.apply(group)
    return sentence.text
