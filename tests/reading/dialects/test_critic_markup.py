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


def test_marks_over_paragraphs():
    """A mark around several paragraphs holds for each; such a comment is listed."""
    assert said("{>>Why\n\nso?<<}\n\nOn.") == ["On."]
    assert said("{==One\n\ntwo==}") == ["One", "two"]
    assert said("On {--one\n\n- two--} so.") == ["On (struck out: one)", "(struck out: two) so."]
    assert said("{--\n\nOne.\n\nTwo.\n\n--}") == ["(struck out: One.)", "(struck out: Two.)"]


def test_added_words_are_no_keys():
    """An added word in lower case is no key, at the start of a line or item either."""
    assert said("{++added++} so.\n\n- {++word++}") == ["added so.", "word"]
