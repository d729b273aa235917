"""Patterns in linear time: whatever RE2 runs has the meaning that it has in `re`."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.script.linear_pattern import Inexpressible, LinearPattern

CASES = [
    (r"\bRFC ?(\d+)\b", r"R F C \1", "RFC 2119, aRFC 2119, éRFC 2119, RFC 2119é, RFC٣٤ “RFC 1”"),
    (r"\b(\d+) ?GB\b", r"\1 gigabytes", "8 GB, ٣GB, 8GBé, naïve 8GB’s"),
    (r"\w+", "W", "Straße, naïve, Привет, 日本語, x_1, ٣, ½"),
    (r"\s", "_", "a\u00a0b\u2003c d\u200be\x1cf\x85g"),
    (r"\W", "_", "été—ok ½ ٣"),
    (r"\D+", "", "a1é٣½"),
    (r"(?i)k+", "K", "kelvin \u212a K"),
    (r"(?i)ſtraße", "s", "STRAßE ſTRAẞE straße"),
    (r"(?i)i", "!", "iIİı"),
    (r"(?i)[α-ω]", "!", "ΣσςΩ\u2126 µ"),
    (r"(?i)[^x]", "!", "xXéÉ"),
    (r"(?a)\b\w+\b", "A", "naïve été ok"),
    (r"(?a:\w)\w", "A", "aé éa aa"),
    (r"\Bé\B", "!", "aéa é, éa"),
    (r".+", "L", "one\ntwo\u2028three\réfour"),
    (r"(?s).+", "L", "one\ntwo é"),
    (r"(?m)^\w+$", "L", "one\ntwo é\nthree\n"),
    (r"^\w|\w$", "*", "été à gogo"),
    (r"\Aa|a\Z", "*", "a é a"),
    (r"(a+)+$", "x", "aaab aaa"),
    (r"(?P<first>\w)(?P<second>\w)?", r"\g<second>\g<first>\g<0>|\2", "aé b"),
    (r"(a|(b))+", r"[\1\2]", "abab éba"),
    (r"(a|ab)(c|bcd)(d*)", r"<\1,\2,\3>", "abcd éabcd"),
    (r"(?:(\w)|(\d)|x)y", r"\1-\2\n\\", "1y xy éy"),
    (r"x{2,3}?x", "!", "xxxxxxx éxxx"),
    (r"(?x) a \ b # a comment", "c", "a b éa b"),
    (r"[\w.+-]+@[\w-]+\.[\w.]+", "address", "mail josé@exämple.org or a@b.c!"),
    (r"colou?rs?|grey", "c", "Colors colour grey é"),
    (r"[😀-😎]", "smile", "😀😐😎 é"),
    (r"\N{EURO SIGN}(\d)", r"\1 euros", "€5 £5"),
    (r"[a-z&&[^x]]", "!", "x]é&]"),
    (r"a\.b\$\^\|\(\[", "!", "a.b$^|([ é"),
    ("\x00|\x7f|-", "!", "a\x00b-é\x7f"),
]


@pytest.mark.parametrize(("match", "say", "text"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.filterwarnings("ignore:Possible")
def test_meaning_is_that_of_re(match: str, say: str, text: str) -> None:
    """A pattern matches in RE2 what it matches in `re`, in any script."""
    pattern = LinearPattern(match, say)
    for each in (text, text.encode("ascii", "ignore").decode(), "", *text.split()):
        assert pattern.sub(each) == re.sub(match, say, each)


@pytest.mark.parametrize(
    "match",
    [
        r"(?<=x)y",
        r"x(?!y)",
        r"(a)\1",
        r"(a)?(?(1)b|c)",
        r"(?>a+)b",
        r"a++b",
        r"x*",
        r"(x*)+y",
        r"(?:|a)*b",
        r"\bx(?a:\b)",
        r"a{500}" * 3 + r"(?:b{900}){900}",
    ],
)
def test_other_patterns_are_left_to_re(match: str) -> None:
    """A pattern that RE2 has not, or means otherwise, is refused."""
    with pytest.raises(Inexpressible):
        LinearPattern(match, "x")


def test_end_before_newline_goes_to_re() -> None:
    """`$` also matches before the last line end, which RE2 has not: such a text is refused."""
    pattern = LinearPattern("a$", "b")
    assert pattern.sub("a\na") == "a\nb"
    with pytest.raises(Inexpressible):
        pattern.sub("a\n")


def test_too_many_letters_are_left_to_re() -> None:
    """Beside a word boundary RE2 tells 63 word characters apart; a text with more is refused."""
    letters = "".join(map(chr, range(0x430, 0x480)))
    pairs = "|".join(letter + letter for letter in letters)
    pattern = LinearPattern(rf"\b(?:{pairs})", "!")
    assert pattern.sub("аа бб вв") == "! ! !"
    with pytest.raises(Inexpressible):
        pattern.sub(letters)
    assert LinearPattern(pairs, "!").sub(f"{letters}аа") == f"{letters}!"


def test_backtracking_pattern_is_linear() -> None:
    """A pattern that `re` takes for ever over is done at once."""
    assert LinearPattern("(a+)+$", "x").sub("a" * 5000 + "!") == "a" * 5000 + "!"
    assert LinearPattern(r"(\w+\s?)+\b$", "x").sub("é" * 5000 + "!") == "é" * 5000 + "!"


CHARACTERS = "aAbkK1_ -.\nßſé\u212aİı٣’€"
PIECES = ["a", "b", "k", "1", "_", "é", "ß", "-", r"\.", ".", r"\w", r"\W", r"\d", r"\s", r"\S"]
PIECES += ["[a-k]", "[^a]", "[é-٣]", r"[\d_]", r"\b", r"\B", "^", "$", r"\A", r"\Z"]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeats = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??", "{0,2}?"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        inner.map(lambda each: f"({each})"),
        st.tuples(inner, repeats).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda each: f"(?i:{each})"),
    )


PATTERNS = st.recursive(st.sampled_from(PIECES), _grown, max_leaves=8)
FLAGS = st.sampled_from(["", "(?i)", "(?m)", "(?s)", "(?a)", "(?im)"])


@settings(max_examples=300, deadline=None)
@given(FLAGS, PATTERNS, st.text(CHARACTERS, max_size=12))
def test_no_pattern_means_otherwise(flags: str, body: str, text: str) -> None:
    """Whatever RE2 does not refuse means the same, whole and by groups."""
    match = flags + body
    groups = re.compile(match).groups
    say = "<" + "|".join(rf"\g<{number}>" for number in range(groups + 1)) + ">"
    try:
        said = LinearPattern(match, say).sub(text)
    except Inexpressible:
        return
    assert said == re.sub(match, say, text)
