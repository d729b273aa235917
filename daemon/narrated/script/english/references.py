"""Say references to issues, papers, people and packages: `rust-lang/rust#140035`, `@m-ou-se`."""

import re

from narrated.script.english.numbers import cardinal, pairs, spelled
from narrated.script.english.rule_engine import (
    Rules,
    rule,
    starts_at,
    starts_at_words,
    word_before,
    word_set,
)
from narrated.script.marks import mark_letters

_COLOURS = word_set("""
    color colour colors colours background foreground border fill stroke hex text grey gray red
    green blue black white shade
""")


def _issue(found: re.Match[str]) -> str:
    if found[1] in ("C", "F"):  # the language, and its version
        return f"{found[1]} sharp {found[2]}"
    return f"{found[1].replace('/', ' slash ')} number {cardinal(found[2])}"


def _tracked(found: re.Match[str]) -> str:
    """Say gh-12345, an issue of a project."""
    return f"{mark_letters(found[1].upper())} {cardinal(found[2])}"


def _paper(found: re.Match[str]) -> str:
    """Say arXiv:1706.03762, whose first half is a year and a month."""
    return f"archive {pairs(found[1])} point {spelled(found[2])}"


def _number(found: re.Match[str]) -> str:
    """Say #140035 as a number, unless it looks like a colour: #000000, #333333."""
    digits = found[1]
    is_colour = len(set(digits)) < 3 or digits.startswith("0") or _follows_colour(found)
    return found[0] if is_colour else f"number {cardinal(digits)}"


def _letters(found: re.Match[str]) -> str:
    """Say #fff as a colour, but leave a tag such as #bad."""
    letters = found[1].lower()
    is_colour = len(set(letters)) == 1 or _VOWELS.isdisjoint(letters) or _follows_colour(found)
    return f"hash {spelled(letters)}" if is_colour else found[0]


def _follows_colour(found: re.Match[str]) -> bool:
    return word_before(found).lower() in _COLOURS


_VOWELS = frozenset("ae")

HINT = (
    r"-(?:(?<=\bgh-)|(?<=\bbpo-)|(?<=\brhbz-)|(?<=\blp-)|(?<=\bsc-)|(?<=\bjdk-))\d|:(?<=[xX]iv:)\s?\d|"
    r"[@/#](?:(?<=\w#)\d|(?<=#)(?:[a-fA-F]{3}\b|[\da-fA-F]{8}\b|\d{6}|\d{3}\b|[A-Za-z]+\d)|(?<=@)[\w-]+/"
    r"|(?<=\b[ru]/))"
)

RULES: Rules = (
    rule(
        r"(?<![\w./-])(gh|bpo|rhbz|lp|sc|jdk)-(\d{2,7})(?![\w-]|\.\d)",
        _tracked,
        "-",
        starts_at(r"(?:gh|bpo|rhbz|lp|sc|jdk)-(?=\d)"),
    ),
    rule(r"(?i:\barxiv):\s?(\d{4})\.(\d{4,5})(?:v\d+)?\b", _paper, ":", starts_at("(?i:arxiv):")),
    rule(
        r"(?<![\w&#/])#(?=[A-Za-z]\w*\d)(?=\w*[g-zG-Z])",
        "hashtag ",
        "#",
        starts_at(r"#(?=[A-Za-z])"),
    ),
    rule(
        r"(?<![\w&#/])#([a-f]{3}|[A-F]{3}|\d{3})\b",
        _letters,
        "#",
        starts_at(r"#(?=[a-fA-F]{3}\b|\d{3}\b)"),
    ),
    rule(
        r"(?<![\w&#/])#(?=\d*[a-fA-F])(?=[a-fA-F]*\d)([\da-fA-F]{8})\b",
        lambda found: f"hash {spelled(found[1])}",
        "#",
    ),
    rule(
        r"(?<![\w./@-])([\w-]+(?:/[\w.-]+)?)#(\d{1,7})\b",
        _issue,
        "#",
        starts_at_words(r"(?<=\w)#(?=\d)", "_.-/"),
    ),
    rule(r"(?<![\w&#/])#(\d{6,7})\b", _number, "#", starts_at(r"#(?=\d{6})")),
    rule(
        r"(?<![\w@/.])@([A-Za-z_][\w-]*)/(?=[\w.-])",
        r"at \1 slash ",
        "@",
        starts_at(r"@(?=[A-Za-z_])"),
    ),
    rule(r"(?<![\w/.])/?([ru])/(?=[A-Za-z_]\w\w)", r"\1 slash ", "/", starts_at(r"/?[ru]/")),
)
