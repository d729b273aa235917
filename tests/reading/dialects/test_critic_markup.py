"""CriticMarkup: an editor's marks are read as what they mean."""

import pytest

from support.dialect_posts import listed, said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A {++new *thing*++} here.", "A new thing here."),
        ("A {--old **thing**--} here.", "A (struck out: old thing) here."),
        ("From {~~one~>two~~} on.", "From (struck out: one) two on."),
        ("A {==mark==}{>>why?<<} here.", "A mark here."),
        ("It works {>>note to self<<}.", "It works."),
    ],
)
def test_marks_of_an_editor(text, words):
    """What is added or marked is read, what is deleted is struck out, comments are silent."""
    assert said(text)[0].replace(" .", ".") == words


def test_comments_are_listed():
    """An editor's comment is listed."""
    assert listed("It works {>>note to self<<}.") == [("comment", "note to self")]


@pytest.mark.parametrize("mark", ["{++", "{--", "{~~", "{>>", "{=="])
def test_open_marks_lose_no_text(mark):
    """The text after a mark without its end is read."""
    assert "the end" in said(f"A {mark} word to the end.")[0]


def test_marks_around_paragraphs():
    """A mark on a line of its own, around paragraphs, is silent."""
    assert said("{++\n\nOne.\n\nTwo.\n\n++}") == ["One.", "Two."]


def test_code_keeps_marks():
    """Code keeps an editor's marks."""
    assert "struck" not in said("Use `{--x--}` so.")[0]
