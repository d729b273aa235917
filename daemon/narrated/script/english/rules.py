"""Apply the rules of English in order: the wider form before its parts."""

from narrated.script.english import (
    abbreviations,
    acronyms,
    calendar,
    fractions,
    identifiers,
    measures,
    money,
    romans,
    symbols,
    versions_and_codes,
    web_addresses,
)
from narrated.script.english.numbers import cardinal, figure, ordinal
from narrated.script.english.rule_engine import (
    NUMBER,
    NormalisationRule,
    RuleGroup,
    SentenceRewriter,
    number_rule,
    rule,
)

_NUMBERS: tuple[NormalisationRule, ...] = (
    number_rule(
        r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", lambda found: ordinal(found[1])
    ),
    number_rule(
        rf"(?<![\w.])((?:(?<![^\s(\[“\"=])[-−])?{NUMBER})(?!\w)", lambda found: figure(found[1])
    ),
)

_LEFT_OVER: tuple[NormalisationRule, ...] = (rule(r"\d+", lambda found: f" {cardinal(found[0])} "),)
"""Digits that no other rule matched."""

GROUPS: tuple[RuleGroup, ...] = (
    RuleGroup.of(abbreviations.HINT, abbreviations.RULES),
    RuleGroup.of(rf"\.(?:{calendar.SHORT_HINT})", calendar.SHORT),
    RuleGroup.of(r"[@/\\]|\.(?=[^\W\d])|:(?<=localhost:)", web_addresses.RULES),
    RuleGroup.of(
        r"[+=~<>&|/#*×≈±≤≥]|[-−](?= )|_(?=\d{3})|x(?= ?10\^)|\.(?=NET)"
        r"|-(?:(?<=Ctrl-)|(?<=Cmd-)|(?<=Alt-)|(?<=Shift-))",
        symbols.EARLY,
    ),
    RuleGroup.of(
        r"[\d½¼¾⅓-⅞²³⁰-⁹]|::",
        (
            *versions_and_codes.BEFORE,
            *calendar.BEFORE,
            *money.BEFORE,
            *measures.BEFORE,
            *fractions.BEFORE,
            *versions_and_codes.ADDRESSES,
            *calendar.NUMBERS,
            *symbols.NUMBERS,
            *versions_and_codes.VERSIONS,
            *money.NUMBERS,
            *measures.NUMBERS,
            *fractions.NUMBERS,
            *calendar.YEARS,
            *_NUMBERS,
            *versions_and_codes.AFTER,
        ),
    ),
    RuleGroup.of(r"/(?=[smh])", measures.AFTER),
    RuleGroup.of(romans.HINT, romans.RULES),
    RuleGroup.of(
        r"_|\((?<=\w\()|\.(?=[^\W\d])|[A-Z](?:(?<=[a-z\d][A-Z])|(?=[A-Z]+[a-z]))|-(?<![\w-]-)",
        identifiers.RULES,
    ),
    RuleGroup.of(r"\d", _LEFT_OVER),
    RuleGroup.of(r"[A-Z]{2}|&", acronyms.RULES),
    RuleGroup.of(r"[^\w\s,.;:!?'’()“”\"]|[πλ]", symbols.LATE),
)


def normalise_english(text: str) -> str:
    """Apply all rules to a text, group by group."""
    sentence = SentenceRewriter(text)
    for group in GROUPS:
        sentence.apply(group)
    return sentence.text
