"""Emoji codes are read as the emoji are."""

import pytest

from support.dialect_posts import listed, said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Great :tada: job.", "Great party popper job."),
        (":+1::tada: Yes.", "thumbs up party popper Yes."),
        ("So (:smile:)!", "So (grinning face with smiling eyes)!"),
    ],
)
def test_codes_are_emoji(text, words):
    """The code of an emoji is its name."""
    assert said(text) == [words]


@pytest.mark.parametrize(
    "text",
    ["At 12:30:45 on.", "So std::tada::x and a:tada:b.", "An :unknown-thing: here.", "A :: b."],
)
def test_other_colons_stay(text):
    """Times, names with colons and unknown codes are no emoji."""
    assert "popper" not in said(text)[0]
    assert listed(text) == []


def test_icons_are_listed():
    """An icon's code is silent, and listed."""
    assert said("A :material-check:{ .x } box.") == ["A box."]
    assert listed("A :material-check: box.") == [("icon", ":material-check:")]


def test_code_keeps_emoji_codes():
    """Code keeps the codes."""
    assert "popper" not in said("Use `:tada:` so.")[0]
