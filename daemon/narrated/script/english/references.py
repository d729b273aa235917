"""Say references to issues, people, packages and forums: `rust-lang/rust#140035`, `@m-ou-se`."""

import re

from narrated.script.english.numbers import cardinal
from narrated.script.english.rule_engine import (
    Rules,
    rule,
    starts_at,
    starts_at_words,
    word_before,
    word_set,
)

_COLOURS = word_set("""
    color colour colors colours background foreground border fill stroke hex text grey gray red
    green blue black white shade
""")


def _issue(found: re.Match[str]) -> str:
    if found[1] in ("C", "F"):  # the language, and its version
        return f"{found[1]} sharp {found[2]}"
    return f"{found[1].replace('/', ' slash ')} number {cardinal(found[2])}"


def _number(found: re.Match[str]) -> str:
    """Say #140035 as a number, unless it looks like a colour: #000000, #333333."""
    digits = found[1]
    is_colour = len(set(digits)) < 3 or digits.startswith("0") or word_before(found) in _COLOURS
    return found[0] if is_colour else f"number {cardinal(digits)}"


RULES: Rules = (
    rule(
        r"(?<![\w./@-])([\w.-]+(?:/[\w.-]+)?)#(\d{1,7})\b",
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
