"""Say operators, keys and other signs in English words."""

import re

from narrated.script.english.numbers import figure
from narrated.script.english.rule_engine import (
    NUMBER,
    Rules,
    any_of,
    number_rule,
    rule,
    starts_at,
    word_set,
    word_table,
)
from narrated.script.english.units import PER

BETWEEN_SPACES = word_table("""
    ->: to; =>: to; <-: from; !=: is not equal to; ==: equals; =: equals; <=: is at most;
    >=: is at least; <: is less than; >: is greater than; +: plus; &&: and; ||: or
""")
_ANYWHERE = word_table("""
    →: to; ⇒: to; ←: from; ↔: to and from; ≠: is not equal to; ≤: is at most; ≥: is at least;
    ×: times; ÷: divided by; ±: plus or minus; ≈: is about; ∞: infinity; °: degrees; ©: copyright;
    ✓: check mark; ✔: check mark; ✗: cross mark; ✘: cross mark; ⌘: Command; ∑: sum; ∈: in;
    λ: lambda; π: pi; √: square root of
""")
_SILENT = "®™•†‡◦▪▫■□●○◆◇►▶▸‣¶·"
_BEFORE_A_NUMBER = word_table("""
    ~: about; ≈: about; >: more than; <: less than; >=: at least; <=: at most; ≥: at least;
    ≤: at most; ±: plus or minus; ==: equals; ~=: about
""")
_RATES = PER | {one: one for one in word_set("month year week day night hour minute second user")}
_KEYS = word_table("Ctrl: Control; Cmd: Command; Alt: Alt; Shift: Shift; Opt: Option")
_TOGETHER = word_table("""
    ->: to; =>: to; ==: equals; !=: is not equal to; >=: at least; <=: at most; ~=: about; &&: and;
    ||: or
""")


def _before_a_number(found: re.Match[str]) -> str:
    return f"{_BEFORE_A_NUMBER[found[1]]} "


def _by(found: re.Match[str]) -> str:
    return " by ".join(figure(one.strip()) for one in found[0].split("x"))


EARLY: Rules = (
    rule(
        rf"\b({any_of(_KEYS)})[+-](?=\w)",
        lambda found: f"{_KEYS[found[1]]} ",
        "+-",
        starts_at("Ctrl|Cmd|Alt|Shift|Opt"),
    ),
    rule(r"(?<=Control )(Shift|Alt)[+-](?=\w)", r"\1 ", "+-", starts_at("Shift|Alt")),
    rule(r"\bC\+\+", "C plus plus", "+"),
    rule(r"\bg\+\+", "g plus plus", "+"),
    rule(r"\b([CF])#(?!\w)", r"\1 sharp", "#"),
    rule(r"(?<!\w)\.NET\b", "dot net", ".", starts_at(r"\.NET")),
    rule(r"\bw/o\b", "without", "/"),
    rule(r"\bw/(?=\s)", "with", "/"),
    rule(r"\band/or\b", "and or", "/"),
    rule(
        rf"(?<![\w<>=~-])({any_of(_BEFORE_A_NUMBER)})(?=[$€£]?\d|\.\d)",
        _before_a_number,
        _BEFORE_A_NUMBER.keys() | {"="},
    ),
    rule(r"(?<![\w<>=~-])([~≈±]) (?=\d)", _before_a_number, "~≈±"),
    rule(r"(?<=\d)\s?×\s?(?=\d)", " times ", "×"),
    rule(r"\b([A-Z]{1,6})/(?=[A-Z]{1,6}\b)", r"\1 ", "/"),
    rule(r"(?<=\d) \* (?=\d)", " times ", "*"),
    rule(r"(?<=\d) / (?=\d)", " divided by ", "/"),
    rule(
        rf"(?<=[\w)\"'])({any_of(_TOGETHER)})(?=[\w(\"'.-])",
        lambda found: f" {_TOGETHER[found[1]]} ",
        "=>&|",
    ),
    rule(r"(?<=\w)=(?=[\w\"'-])", " equals ", "="),
    rule(r"(?:(?<=[\dx²³)])|(?<=\b[A-Za-z])) [-−] (?=[\dA-Za-z]\b|\d)", " minus ", "-−"),
    rule(r"(?<=\d) ?[x×] ?(?=10\^)", " times ", "x×"),
    rule(r"(?<=\d)_(?=\d{3}(?:_|\b))", "", "_"),
    rule(r"(?<=\w) > (?=[A-Z][a-z])(?<=[a-z] > )", ", ", ">"),
    rule(r"(?<=\d)\+(?=[\s,.;:)!?-]|$)", " plus", "+"),
)
"""Rules before numbers become words."""

NUMBERS: Rules = (
    number_rule(rf"(?<![\w.,])({NUMBER})((?:\s?x\s?{NUMBER}){{1,4}})(?![\w^])", _by, "x"),
    number_rule(
        r"(?<![\w.,/])(\d{1,3}):(\d{1,3})(?![\w:])",
        lambda found: f"{figure(found[1])} to {figure(found[2])}",
        ":",
    ),
)
"""Measures and ratios."""

LATE: Rules = (
    rule(r"(?<![\w@])@(?=[A-Za-z]\w)", "at ", "@"),
    rule(r"(?<![\w#&])#(?=[A-Za-z]\w)", "hashtag ", "#"),
    rule(rf"(?<=[a-z])/({any_of(_RATES)})\b", lambda found: f" per {_RATES[found[1]]}", "/"),
    rule(r"(?<=\w)/(?=\w)", " slash ", "/"),
    rule(
        rf"(?<!\S)(?:{any_of(BETWEEN_SPACES)})(?!\S)",
        lambda found: f" {BETWEEN_SPACES[found[0]]} ",
        "=<>+&|-",
        starts_at(r"[-=<>!+&|](?<!\S.)(?=\S?\S?\s)"),
    ),
    rule(r"\s?&\s?(?=[\w“\"'(])", " and ", "&"),
    rule(f"[{''.join(_ANYWHERE)}]", lambda found: f" {_ANYWHERE[found[0]]} ", _ANYWHERE),
    rule(f"[{_SILENT}]", " ", _SILENT),
    rule(r"(?<=\w) \* (?=\w)", " star ", "*"),
    rule(r"(?<=\w) \| (?=\w)", ", ", "|"),
    rule(r"(?<!\S)[*_|^\\~`<>{}]+(?!\S)", " ", r"*_|^\~`<>{}"),
)
