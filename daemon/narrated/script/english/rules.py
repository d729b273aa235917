"""The rules of English in the order of their application: the wider form before its parts."""

from narrated.script.english import (
    abbreviations,
    acronyms,
    addresses,
    calendar,
    codes,
    fractions,
    identifiers,
    money,
    quantities,
    romans,
    signs,
)
from narrated.script.english.numbers import cardinal, figure, ordinal
from narrated.script.english.rule import NUMBER, Group, Rule, Sentence, number_rule, rule

_NUMBERS: tuple[Rule, ...] = (
    number_rule(
        r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", lambda found: ordinal(found[1])
    ),
    number_rule(
        rf"(?<![\w.])((?:(?<![^\s(\[“\"=])[-−])?{NUMBER})(?!\w)", lambda found: figure(found[1])
    ),
)

_LEFT_OVER: tuple[Rule, ...] = (rule(r"\d+", lambda found: f" {cardinal(found[0])} "),)
"""Whatever digits stand in a way that no rule knows."""

GROUPS: tuple[Group, ...] = (
    Group.of(abbreviations.HINT, abbreviations.RULES),
    Group.of(rf"\.(?:{calendar.SHORT_HINT})", calendar.SHORT),
    Group.of(r"[@/\\]|\.(?=[^\W\d])|:(?<=localhost:)", addresses.RULES),
    Group.of(
        r"[+=~<>&|/#*×≈±≤≥]|[-−](?= )|_(?=\d{3})|x(?= ?10\^)|\.(?=NET)"
        r"|-(?:(?<=Ctrl-)|(?<=Cmd-)|(?<=Alt-)|(?<=Shift-))",
        signs.EARLY,
    ),
    Group.of(
        r"[\d½¼¾⅓-⅞²³⁰-⁹]|::",
        (
            *codes.BEFORE,
            *calendar.BEFORE,
            *money.BEFORE,
            *quantities.BEFORE,
            *fractions.BEFORE,
            *codes.ADDRESSES,
            *calendar.NUMBERS,
            *signs.NUMBERS,
            *codes.VERSIONS,
            *money.NUMBERS,
            *quantities.NUMBERS,
            *fractions.NUMBERS,
            *calendar.YEARS,
            *_NUMBERS,
            *codes.AFTER,
        ),
    ),
    Group.of(r"/(?=[smh])", quantities.AFTER),
    Group.of(romans.HINT, romans.RULES),
    Group.of(
        r"_|\((?<=\w\()|\.(?=[^\W\d])|[A-Z](?:(?<=[a-z\d][A-Z])|(?=[A-Z]+[a-z]))|-(?<![\w-]-)",
        identifiers.RULES,
    ),
    Group.of(r"\d", _LEFT_OVER),
    Group.of(r"[A-Z]{2}|&", acronyms.RULES),
    Group.of(r"[^\w\s,.;:!?'’()“”\"]|[πλ]", signs.LATE),
)


def english(text: str) -> str:
    """Apply the rules to a text."""
    sentence = Sentence(text)
    for group in GROUPS:
        sentence.apply(group)
    return sentence.text
