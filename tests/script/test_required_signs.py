"""The characters that a pattern needs: no text without them has a match."""

import re
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.script.english.rules import GROUPS
from narrated.script.required_signs import (
    FIRST_PASSED,
    first_signs,
    is_plain,
    required_signs,
    required_text,
)

HINTS = [group.hint.pattern for group in GROUPS]
RULES = [rule.pattern.pattern for group in GROUPS for run in group.runs for rule in run.rules]


@pytest.mark.parametrize(
    ("pattern", "anywhere", "ahead"),
    [
        (r"\bRFC (\d+)\b", "R", "R"),
        (r"(?i)x\d", "xX", "xX"),
        (r"(?<=#)[a-f]", "#", None),
        (r"[A-Z]{2}|&", "ABCDEFGHIJKLMNOPQRSTUVWXYZ&", "ABCDEFGHIJKLMNOPQRSTUVWXYZ&"),
        (r"q?z*", None, None),
        (r"(?:q|.)", None, None),
        (r"(?!q)\w", None, None),
        (r"[^q]", None, None),
        (r"\w{30}q", "q", None),
        (r"(q)\1", "q", "q"),
        (r"e", None, None),  # nearly every text has one
    ],
)
def test_rarest_signs_are_found(pattern, anywhere, ahead):
    """The rarest characters, in all of the match and near its beginning."""
    found = required_signs(pattern, 24)
    assert found.anywhere == (None if anywhere is None else frozenset(anywhere))
    assert found.ahead == (None if ahead is None else frozenset(ahead))


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        (r"\d+\s?(?:km|GB)\b", "kG"),
        (r"(?<!\w)-?\d(?=%)", "%"),
        (r"v?\d+x", "vx"),
        (r"\d+", None),  # may be all
        (r"\d\w", None),
        (r"\d(?! k)", None),
        (r"(?i)\dk", "kK"),
    ],
)
def test_first_signs_are_found(pattern, first):
    """The first sign of a match, but for digits, spaces and their like."""
    assert first_signs(pattern) == (None if first is None else frozenset(first))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bRFC (\d+)\b", "RFC "),
        (r"(?<=per )([KM]B)", "per "),
        (r"(?i)RFC", ""),
        (r"RFC|BCP", ""),
        (r"(?:RFC )?BC", "BC"),
    ],
)
def test_required_texts_are_found(pattern, text):
    """The longest text that stands in every match, or beside it."""
    assert required_text(pattern) == text


TEXT = st.text(
    st.sampled_from("aAbCdEx7 0.,:;-–/\\#@$%^&*+=<>()[]{}|~_'’\"“€£°²½×≈éÉSIVMkKſıſ№٣\n\t"),
    max_size=40,
)


@settings(deadline=None, max_examples=300)
@given(TEXT)
def test_no_match_lacks_its_signs(text):
    """A rule and a hint match in no plain text that lacks what they need."""
    signs = set(text)
    for pattern in (*HINTS, *RULES):
        needed = required_signs_of(pattern)
        found = re.search(pattern, text)
        assert not found or needed.text in text
        if found and is_plain(text):
            assert all(not each.isdisjoint(signs) for each in needed.every)
            first = re.compile(f"{FIRST_PASSED}*").match(text, found.start()).end()
            assert needed.first is None or text[first : first + 1] in needed.first
            assert needed.anywhere is None or not needed.anywhere.isdisjoint(signs)
            near = text[found.start() : found.start() + 24]
            assert needed.ahead is None or not needed.ahead.isdisjoint(near)


KEPT: dict[str, object] = {}


def required_signs_of(pattern):
    if pattern not in KEPT:
        signs, first = required_signs(pattern, 24), first_signs(pattern)
        KEPT[pattern] = SimpleNamespace(**signs._asdict(), first=first, text=required_text(pattern))
    return KEPT[pattern]


def test_foreign_texts_are_not_plain():
    """Digits of other scripts, and letters that fold into ours, are none of a plain text."""
    assert is_plain("“Plain” — naïve café, 20 €, x² ≤ 3")
    foreign = ("\u0663", "\u017f", "\u212a", "\u0130", "\u0131", "\u043c\u0438\u0440", "\uff15")
    assert not any(map(is_plain, foreign))
