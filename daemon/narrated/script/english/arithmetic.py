"""Say plus and minus between numbers and letters; a hyphen elsewhere stays a hyphen."""

import re

from narrated.script.english.numbers import spelled
from narrated.script.english.rule_engine import Rules, rule, starts_at
from narrated.script.marks import mark_letters

_MINUS = re.compile(r"\s?[-−]\s?")
_NUMBER = r"\d{1,6}(?:\.\d+)?"


def _minus(found: re.Match[str]) -> str:
    return _MINUS.sub(" minus ", found[0])


HINT = (
    r"[+−]|-(?:(?<=[A-DF]-)(?=[\s.,;:)!?]|$)|(?<=T-)\d|(?<=\^\d-)|(?<=\^\d\d-)|(?<=\^[a-z]-)"
    r"|(?<= equals [a-z]-)|(?=[a-z] equals )"
    r"|(?=\d)(?:(?<=[?!]-)|(?<=[a-zN]-)(?<![\w-][a-zN]-))|(?= ?\d{1,20} ?(?:=|equals)))"
)

RULES: Rules = (
    rule(
        r"\bU\+([\dA-Fa-f]{4,6})\b",
        lambda found: f"{mark_letters('U')} plus {spelled(found[1])}",
        "+",
        starts_at(r"U(?=\+)"),
    ),
    rule(r"(?<=\w[?!])-(?=\d)", " -", "?!"),
    rule(r"(?<=\w)\+\+(?=[\w(])", " plus plus ", "+"),
    rule(r"(?<=\w)\+\+(?![+}]|\.\w)", " plus plus", "+"),
    rule(r"(?<![\w+{])\+\+(?=[A-Za-z_])", "plus plus ", "+"),
    rule(r"(?<=[\w)\]²³])(?<!\d[eE])(?<!:\d\d)\+(?=[\w(\[$€£])", " plus ", "+"),
    rule(r"(?<=[A-Za-z])\+(?=[\s,.;:)!?]|$)", " plus", "+"),
    rule(r"(?<=[A-Za-z)\]²³])−(?=[\w(])", " minus ", "−"),
    rule(r"(?:(?<=\^\d)|(?<=\^\d\d)|(?<=\^\d\d\d)|(?<=\^[a-z]))-(?=\d)", " minus ", "-"),
    rule(
        r"(?<![\w.-])T-(?=\d{1,3}\s(?:second|minute|hour|day|week|month)s?\b)",
        "T minus ",
        "-",
        starts_at(r"T-(?=\d)"),
    ),
    # A grade of a school.
    rule(
        r"(?:(?<=\b[Aa]n )|(?<=\bgot )|(?<=\bgrade ))([A-DF])-(?=[\s.,;:)!?]|$)"
        r"|(?<=\b[Aa] )([B-DF])-(?=[\s.,;:)!?]|$)",
        lambda found: f"{found[1] or found[2]} minus",
        "-",
        starts_at(r"[A-DF]-(?=[\s.,;:)!?]|$)"),
    ),
    rule(r"(?<![\w.-])([a-z])-(?=[a-z] equals )", r"\1 minus ", "-"),
    rule(r"(?<= equals )([a-z])-(?=[a-z](?![\w-]))", r"\1 minus ", "-"),
    # N-1 is a sum, F-16 a name; i-5 a sum, I-5 a road.
    rule(r"(?<![\w.-])([Nnk])-(?=\d{1,2}(?![\w-]|\.\d))", r"\1 minus ", "-"),
    rule(r"(?<![\w.-])([ijmtxyz])-(?=\d(?![\w-]|\.\d))", r"\1 minus ", "-"),
    rule(
        rf"(?<![\w.,/-])(?!\d{{4}}-\d\d\b){_NUMBER}(?:\s?[-−]\s?{_NUMBER}){{1,9}}"
        r"(?=\s?(?:=|equals)\s?(?:[-−?]?\d|\?|[a-z]\b))",
        _minus,
        "-−",
    ),
)
