"""Apply the rules of English in order: the wider form before its parts."""

from narrated.script.english import (
    abbreviations,
    acronyms,
    arithmetic,
    calendar,
    calendar_names,
    chess,
    clock,
    code_signs,
    coordinates,
    emoticons,
    everyday_measures,
    file_paths,
    identifiers,
    measures,
    money,
    music,
    numbers,
    product_names,
    references,
    romans,
    separators,
    server_answers,
    street_addresses,
    symbols,
    telephones,
    type_names,
    verses_and_sections,
    versions_and_codes,
    web_addresses,
)
from narrated.script.english.rule_engine import RuleGroup, SentenceRewriter

GROUPS: tuple[RuleGroup, ...] = (
    RuleGroup.of(separators.HINT, separators.RULES),
    RuleGroup.of(emoticons.HINT, emoticons.RULES),
    RuleGroup.of(clock.HINT, clock.EARLY),
    RuleGroup.of(abbreviations.HINT, abbreviations.RULES),
    RuleGroup.of(abbreviations.BARE_HINT, abbreviations.BARE),
    RuleGroup.of(calendar_names.RANGES_HINT, calendar_names.RANGES),
    RuleGroup.of(calendar_names.SHORT_HINT, calendar_names.SHORT),
    RuleGroup.of(references.HINT, references.RULES),
    RuleGroup.of(
        r"[@/\\.:](?:(?<=[@/\\])|(?<=\.)(?=[^\W\d])|(?<=localhost:))",
        (*web_addresses.RULES, *file_paths.RULES),
    ),
    RuleGroup.of(type_names.HINT, type_names.RULES),
    RuleGroup.of(chess.HINT, chess.RULES),
    RuleGroup.of(music.HINT, music.RULES),
    RuleGroup.of(
        r"[-+=~<>&|/#*×≈±≤≥ⁿ%−_x.^](?:(?<=[+=~<>&|/#*×≈±≤≥ⁿ])|(?<=%)(?=[A-Z])"
        r"|(?<=[-−])(?= )|(?<=_)(?=\d{3})"
        r"|(?<=x)(?= ?10\^)|(?<=\.)(?=NET)|(?<=Ctrl-)|(?<=Cmd-)|(?<=Alt-)|(?<=Shift-)"
        r"|(?<=\b[CMS]-)|(?<=\^)(?=[A-Z\d]))",
        symbols.EARLY,
    ),
    RuleGroup.of(arithmetic.HINT, arithmetic.RULES),
    RuleGroup.of(code_signs.HINT, code_signs.RULES),
    RuleGroup.of(product_names.HINT, product_names.RULES),
    RuleGroup.of(everyday_measures.HINT, (*product_names.NUMBERS, *everyday_measures.NUMBERS)),
    RuleGroup.of(
        r"[\d½¼¾⅓-⅞²³⁰-⁹:](?:(?<!:)|:)",
        (
            *clock.BEFORE,
            *telephones.BEFORE,
            *verses_and_sections.BEFORE,
            *calendar_names.SPANS,
            *calendar.BEFORE,
            *versions_and_codes.BEFORE,
            *money.BEFORE,
            *measures.BEFORE,
            *coordinates.BEFORE,
            *numbers.FRACTION_SIGNS,
            *numbers.SCALES,
            *street_addresses.STATES,
            *coordinates.RULES,
            *street_addresses.RULES,
            *versions_and_codes.ADDRESSES,
            *verses_and_sections.NUMBERS,
            *server_answers.NUMBERS,
            *calendar.NUMBERS,
            *clock.NUMBERS,
            *telephones.NUMBERS,
            *numbers.SEVERAL,
            *numbers.RATIOS,
            *symbols.NUMBERS,
            *versions_and_codes.VERSIONS,
            *money.NUMBERS,
            *measures.NUMBERS,
            *numbers.SLASHED,
            *calendar.YEARS,
            *numbers.PLAIN,
            *versions_and_codes.AFTER,
        ),
    ),
    RuleGroup.of(r"/(?=[smh])", measures.AFTER),
    RuleGroup.of(measures.FRACTIONS_HINT, measures.FRACTIONS),
    RuleGroup.of(romans.HINT, romans.RULES),
    RuleGroup.of(
        r"[_(.A-Z-](?:(?<=_)|(?<=[\w'’′″]\()|(?<=\.)(?=[^\W\d])|(?<=[a-z\d][A-Z])"
        r"|(?<=[A-Z])(?=[A-Z]+[a-z])|(?<=-)(?<![\w-]-))",
        identifiers.RULES,
    ),
    RuleGroup.of(r"\d", numbers.LEFT_OVER),
    RuleGroup.of(r"[A-Z&](?:(?<=&)|[A-Z])", acronyms.RULES),
    RuleGroup.of(r"[^\w\s,.;:!?'’()“”\"]", symbols.LATE),
    RuleGroup.of(acronyms.LETTERS_HINT, acronyms.LETTERS),
)


def normalise_english(text: str) -> str:
    """Apply all rules to a text, group by group."""
    sentence = SentenceRewriter(text)
    for group in GROUPS:
        sentence.apply(group)
    return sentence.text
