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
    starts_at_words,
    word_set,
    word_table,
)
from narrated.script.english.units import PER

BETWEEN_SPACES = word_table("""
    ->: to; =>: to; <-: from; !=: is not equal to;
    ==: equals; =: equals; <=: is at most; >=: is at least; <: is less than; >: is greater than;
    +: plus; &&: and; ||: or; +=: plus equals; -=: minus equals; *=: times equals; :=: equals;
    ===: equals; !==: is not equal to
""")
_ANYWHERE = word_table("""
    →: to; ⇒: to; ←: from; ↔: to and from; ≠: is not equal to; ≤: is at most; ≥: is at least;
    ↑: up; ↓: down; ⇐: from; ⇔: to and from; ⟶: to; ⟵: from; ↦: to; ⌥: Option; ⇧: Shift;
    ⌃: Control; ⏎: Enter; ×: times; ÷: divided by; ±: plus or minus; ≈: is about; ∞: infinity;
    °: degrees; ©: copyright;
    ✓: check mark; ✔: check mark; ✗: cross mark; ✘: cross mark; ⌘: Command; ∑: sum; ∈: in;
    √: square root of; ∀: for all; ∃: there is; ∉: not in; ∪: union; ∩: intersection;
    ⊂: subset of; ⊆: subset of; ∧: and; ∨: or; ¬: not; ⊕: x or; ∏: product; ∫: integral;
    ∅: empty set; ∂: partial; ∇: nabla; ∝: is proportional to; ≡: is equivalent to; ∴: therefore;
    ℝ: R; ℕ: N; ℤ: Z; ℚ: Q; ℂ: C; ≪: is much less than; ≫: is much greater than
""")
_SILENT = "➜➔➤®™•†‡◦▪▫■□●○◆◇►▶▸‣¶·"
_BEFORE_A_NUMBER = word_table("""
    ~: about; ≈: about; >: more than; <: less than; >=: at least; <=: at most; ≥: at least;
    ≤: at most; ±: plus or minus; ==: equals; ~=: about; ~>: about; !=: not
""")
_PAIRS = word_table("""
    w/o: without; and/or: and or; either/or: either or; he/she: he or she; she/he: she or he;
    He/she: He or she; He/She: He or she; She/he: She or he; s/he: she or he; S/he: She or he;
    his/her: his or her; her/his: her or his; His/her: His or her; him/her: him or her;
    her/him: her or him; himself/herself: himself or herself; his/hers: his or hers;
    he/him: he him; she/her: she her; they/them: they them; b/c: because; c/o: care of;
    y/y: year over year; q/q: quarter over quarter; a/k/a: A K A; d/b/a: D B A; w/e: whatever;
    n/a: not applicable; N/A: not applicable; GNU/Linux: GNU slash Linux
""")
"""Pairs with a slash that people say in another way."""
_OVER = word_table("m: month over month; w: week over week; d: day over day")
_SILENT_SLASH = word_set("""
    I/O TCP/IP CI/CD A/B AC/DC A/C A/D D/A R/W P/E B/W S/M Y/N M/F T/F L/R L/C D/C PL/I PL/SQL OS/2
    OS/360 UDP/IP SSL/TLS TLS/SSL X/Y X/Open S/PDIF V/C i/o r/w a/b DC/OS N/S E/W H/W S/W
""")
"""Names with a slash that nobody says."""
_LONE = word_table("$: dollar; €: euro; £: pound; ¥: yen; %: percent")
"""Signs that belong to no amount."""
_RATES = PER | {one: one for one in word_set("month year week day night hour minute second user")}
_KEYS = word_table("""
    Ctrl: Control; Control: Control; Cmd: Command; Alt: Alt; Shift: Shift; Opt: Option
""")
_PLUS_KEYS = _KEYS | word_table("""
    Win: Windows; Super: Super; Meta: Meta; Command: Command; Option: Option; Fn: Function;
    Esc: Escape; Tab: Tab
""")
"""Keys before a plus; before a hyphen some of them begin words, such as Meta-analysis."""
_EMACS = {"C": "Control", "M": "Meta", "S": "Shift"}
_TOGETHER = word_table("""
    ->: to; =>: to; ==: equals; !=: is not equal to; >=: at least; <=: at most; ~=: about; &&: and;
    ||: or
""")


def _before_a_number(found: re.Match[str]) -> str:
    return f"{_BEFORE_A_NUMBER[found[1]]} "


def _compared(found: re.Match[str]) -> str:
    """Say p<0.05: "p less than"."""
    return f" {(BETWEEN_SPACES | _ANYWHERE)[found[1]].removeprefix('is ')} "


def _minus_or_to(found: re.Match[str]) -> str:
    """Tell a range such as 10 - 15 people from a sum."""
    text, begin, end = found.string, found.start(), found.end()
    first = _NUMBER_BEFORE.search(text, max(0, begin - _NEAR), begin)
    last = _NUMBER_AFTER.match(text, end)
    is_sum = _SUM.search(text, max(0, begin - _NEAR), end + _NEAR)
    if is_sum or not (first and last) or float(first[0]) >= float(last[0]):
        return " minus "
    return " to "


def _between(found: re.Match[str]) -> str:
    """Say a sign between spaces; "at least" where nothing stands before it."""
    said = BETWEEN_SPACES[found[0]]
    begins = not found.string[: found.start()].rstrip(" (,;:")
    return f" {said.removeprefix('is ') if begins else said} "


def _per(found: re.Match[str]) -> str:
    """Say a rate, but not the last letter of s/foo/bar/g."""
    before = found.string[max(0, found.start() - 40) : found.start()].rsplit(" ", 1)[-1]
    return found[0] if "/" in before else f" per {_RATES[found[1]]}"


def _dollar(found: re.Match[str]) -> str:
    """Say the sign before a name, but keep the two around a formula."""
    is_alone = found.string.count("$") == 1 or found.string[found.end()].isupper()
    return " dollar " if is_alone else found[0]


def _lone(found: re.Match[str]) -> str:
    is_pair = found[1] == "$" and found.string.count("$") > 1
    return found[0] if is_pair else f" {_LONE[found[1]]}"


def _chord(found: re.Match[str]) -> str:
    return "".join(f"{_PLUS_KEYS[key]} " for key in _KEY.findall(found[0]))


def _emacs_chord(found: re.Match[str]) -> str:
    return "".join(f"{_EMACS[key]} " for key in found[0].split("-") if key)


_NEAR = 12
_NUMBER_BEFORE = re.compile(r"(?<![\w.,)-])\d{1,6}(?:\.\d{1,6})?\Z")
_NUMBER_AFTER = re.compile(r"\d{1,6}(?:\.\d{1,6})?(?= [A-Za-z%])")
_SUM = re.compile(r"[=+*/^()]|\bis -?\d| [-−] .{1,9} [-−] ")
_KEY = re.compile(any_of(_PLUS_KEYS))


def _without_slash(found: re.Match[str]) -> str:
    return found[1].replace("/", " ")


def _by(found: re.Match[str]) -> str:
    return " by ".join(figure(one.strip()) for one in found[0].split("x"))


EARLY: Rules = (
    rule(r"(?<=\w) === (?=\w)", " equals ", "="),
    rule(r"(?<=\d),(?=[<>!=~])", ", ", "<>!=~"),
    rule(
        rf"\b(?:(?:{any_of(_PLUS_KEYS)}) ?\+ ?|(?:{any_of(_KEYS)})-)+(?=\w)",
        _chord,
        "+-",
        starts_at(any_of(_PLUS_KEYS)),
    ),
    rule(
        r"(?<![\w-])(?:[CMS]-){1,2}(?=(?:[a-z]|SPC|RET|TAB)(?![\w'’-]))",
        _emacs_chord,
        "-",
        starts_at(r"[CMS](?=-)"),
    ),
    rule(r"(?<![\w)\]^\[])\^(?=\d)", "caret ", "^"),
    rule(r"\b24/7/365\b", "twenty-four seven three sixty-five", "/"),
    rule(r"(?<=[⌘⌥⇧⌃])\s?\+\s?", " ", "⌘⌥⇧⌃"),
    rule(r"(?<!\S)\^(?=[A-Z](?!\w))", "Control ", "^"),
    rule(r"\bC\+\+", "C plus plus", "+"),
    rule(r"\bg\+\+", "g plus plus", "+"),
    rule(r"\b([CF])#(?!\w)", r"\1 sharp", "#"),
    rule(r"(?<!\w)\.NET\b", "dot net", ".", starts_at(r"\.NET")),
    rule(r"\bw/(?=\s)", "with", "/"),
    rule(
        rf"(?<![\w<>=~-])({any_of(_BEFORE_A_NUMBER)})(?=[$€£]?\d|\.\d)",
        _before_a_number,
        _BEFORE_A_NUMBER.keys() | {"="},
    ),
    rule(r"(?<![\w<>=~-])([~≈±]|~>) (?=\d)", _before_a_number, "~≈±"),
    rule(
        r"(?<=\d)\s?×\s?(?=[\d.]+(?:\s?×\s?[\d.]+)?\s?(?:cm|mm|m|in|ft|px)\b)",
        " by ",
        "×",
    ),
    rule(
        r"(?<![\d.,])(\d{3,5})\s?×\s?(\d{3,5})(?![\d.,])",
        lambda found: f"{figure(found[1])} by {figure(found[2])}",
        "×",
    ),
    rule(r"(?<=\d)\s?×\s?(?=\d)", " times ", "×"),
    rule(
        r"(?<=% )([mwd])/\1\b",
        lambda found: _OVER[found[1]],
        "/",
        starts_at(r"[mwd](?=/[mwd])(?<=% .)"),
    ),
    rule(
        rf"\b({any_of(_PAIRS)})\b(?!/)",
        lambda found: _PAIRS[found[1]],
        "/",
        starts_at_words("/", "/"),
    ),
    rule(rf"\b({any_of(_SILENT_SLASH)})\b(?!/)", _without_slash, "/", starts_at_words("/", "/")),
    rule(r"(?<=\w)\*\*(?=\d)(?<=[\da-z]\*\*)", " to the power of ", "*"),
    rule(r"(?<=\d)(?: \* |\*)(?=\d)", " times ", "*"),
    rule(r"(?<!\S)\+/?[-−]\s?(?=\d)", "plus or minus ", "+"),
    rule(r"(?<=[\w)]) (?:-->|==>) (?=[\w(])", " to ", ">"),
    rule(r"(?<=\b[A-Za-z])(?<![<\w/&][A-Za-z])([<>≤≥])(?=[-.]?\d)", _compared, "<>≤≥"),
    rule(r"(?<![\w#&/])#(?=[A-Z]{2,}\b)(?![\dA-F]{6}\b)", "hashtag ", "#"),
    rule(r"(?:(?<=\d)|(?<=\b[a-z])) / (?=\d|[a-z]\b)", " divided by ", "/"),
    rule(
        rf"(?<=[\w)\"'])({any_of(_TOGETHER)})(?=[\w(\"'.-])",
        lambda found: f" {_TOGETHER[found[1]]} ",
        "=>&|",
    ),
    rule(r"(?<=\w)=(?=[\w\"'-])", " equals ", "="),
    rule(
        r"(?:(?<=[x²³)])|(?<=\d)(?<!:\d\d)(?<!:\d\dh)|(?<=\b[A-Za-z])) [-−] (?=[\dA-Za-z]\b|\d)",
        _minus_or_to,
        "-−",
    ),
    rule(r"(?<=\d) ?[x×] ?(?=10\^)", " times ", "x×"),
    rule(r"(?<=\d)_(?=\d{3}(?:_|\b))", "", "_"),
    rule(r"(?<=\w) > (?=[A-Z][a-z])(?<=[a-z] > )", ", ", ">"),
    rule(r"(?<=[\d%])\+(?=[\s,.;:)!?-]|$)", " plus", "+"),
    rule(r"(?<![\w/])f/(?=\d)", "f ", "/", starts_at(r"f/(?=\d)")),
    rule(r"(?<![\w%])%([A-Z_]{3,30})%(?!\w)", r"\1", "%"),
    rule("ⁿ", " to the power of n", "ⁿ"),
    rule(r"(?<=\d)\s?[★⭐](?=\s)", " star", "★⭐"),
)
"""Rules before numbers become words."""

NUMBERS: Rules = (
    number_rule(rf"(?<![\w.,])({NUMBER})((?:\s?x\s?{NUMBER}){{1,4}})(?![\w^])", _by, "x"),
)
"""Measures by several lengths."""

LATE: Rules = (
    rule(r"(?<=[A-Za-z])′(?!\w)", " prime", "′"),
    rule(r"(?<=[A-Za-z])″(?!\w)", " double prime", "″"),
    rule(r"(?<![\w@])@(?=[A-Za-z_])", "at ", "@"),
    rule(r"(?<=\w)@(?=$|[\s,.;:)])|(?<!\S)@(?!\S)", " at", "@"),
    rule(
        r"(?<![\w#&])#(?=(?:define|include|ifn?def|endif|pragma|undef|elif|import|region)\b)",
        "hash ",
        "#",
    ),
    rule(r"(?<![\w#&])#(?=[A-Za-z]\w)", "hashtag ", "#"),
    rule(rf"(?<=[a-z])/({any_of(_RATES)})\b(?!\+| plus)", _per, "/"),
    rule(r"(?<=[\w)\]+%])/(?=[\w(\[@~])|(?<=\w) / (?=\w)", " slash ", "/"),
    rule(r"(?<=\w)/\.(?=\w)", " slash dot ", "/"),
    rule(r"(?<=\w)/(?=[\s.,;:!?)”\"]|$)", "", "/"),
    # A longer word after the sign is TeX that nobody read as a formula.
    rule(r"\\(?=\w(?!\w))|(?<=\w)\\(?=\w)", " backslash ", "\\"),
    rule(
        rf"(?<!\S)(?:{any_of(BETWEEN_SPACES)})(?!\S)",
        _between,
        "=<>+&|-",
        starts_at(r"[-=<>!+&|*:](?<!\S.)(?=\S?\S?\s)"),
    ),
    rule(r"\$(?=[^\s\d.,;:!?)\"”])", _dollar, "$"),
    rule(r"(?<![^\s(\w])(?<![$%])([$€£¥%])(?![\w\"'$%])", _lone, "$€£¥%"),
    rule(r"(?<=\w)@(?=\w)", " at ", "@"),
    rule(r"(?<!\S)#!(?=[\w/\s]|$)", "hash bang ", "#"),
    rule(r"(?<!\S)\+(?=[a-z]\b)", "plus ", "+"),
    rule(r"(?<=[a-z])#(?=[a-z])", " hash ", "#"),
    rule(r"(?<!\S)&(?=(?:str|mut|self|dyn|String|Vec)\b)", "ref ", "&"),
    rule(r"\s?&\s?(?=[\w“\"'(])", " and ", "&"),
    rule(
        f"[{''.join(_ANYWHERE)}](?P<ends>(?=[.,;:!?)]))?",
        lambda found: f" {_ANYWHERE[found[0]]}{' ' if found['ends'] is None else ''}",
        _ANYWHERE,
    ),
    rule(f"[{_SILENT}]", " ", _SILENT),
    rule(r"(?<=\w) \* (?=\w)", " star ", "*"),
    rule(r"(?<=\w) \| (?=\w)", ", ", "|"),
    rule(r"(?<!\S)[*_|^\\~`<>{}]+(?!\S)", " ", r"*_|^\~`<>{}"),
)
