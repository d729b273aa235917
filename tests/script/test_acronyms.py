"""Capitals are said as letters or as a word, and marked for the voice."""

import pytest

from narrated.engines.interface import Mark
from narrated.script.text_normalisation import normalise, normalise_and_mark
from support.acronyms import LETTERS, WORDS


def marked(written, language="en"):
    text, marks = normalise_and_mark(written, language)
    return text, [(text[mark.start : mark.end], mark.kind) for mark in marks]


def test_table_of_acronyms_is_large():
    """The table holds the three hundred commonest."""
    assert len({*LETTERS, *WORDS}) >= 300


@pytest.mark.parametrize("letters", LETTERS)
def test_acronym_is_letters(letters):
    """An acronym is said letter by letter, with its plural."""
    bare = letters.removesuffix("s")
    said = " ".join(bare)
    text, marks = marked(f"We like the {letters} of it.")
    assert text == f"We like the {said}{letters[len(bare) :]} of it."
    assert marks == [(said, "letters")]


@pytest.mark.parametrize("word", WORDS)
def test_capitals_are_a_word(word):
    """Capitals that people say as a word stay one."""
    text, marks = marked(f"We like the {word} of it.")
    assert text.lower() == f"We like the {word} of it.".lower()
    assert all(kind == "word" for _, kind in marks)


@pytest.mark.parametrize(
    ("written", "said", "letters"),
    [
        ("The API's key.", "The A P I's key.", "A P I"),
        ("Take vitamin A.", "Take vitamin A.", "A"),
        ("Plan A is good.", "Plan A is good.", "A"),
        ("Get the letter A, please.", "Get the letter A, please.", "A"),
        ("A. The first.", "A. The first.", "A"),
        ("From A to Z.", "From A to Z.", "A"),
        ("The A380 landed.", "The A three eighty landed.", "A"),
        ("An a11y bug.", "An a eleven y bug.", "a"),
        ("It plays MP3s.", "It plays M P threes.", "M P"),
        ("He has two PhDs.", "He has two P H Ds.", "P H D"),
        ("At 5 pm.", "At five P M.", "P M"),
        ("I use iOS.", "I use i O S.", "i O S"),
        ("We met the U.S. team.", "We met the U S team.", "U S"),
        ("It sees max_api_URL.", "It sees max api U R L.", "U R L"),
    ],
)
def test_letters_are_marked(written, said, letters):
    """Letters are marked wherever they come from, without their ending."""
    assert marked(written) == (said, [(letters, "letters")])


@pytest.mark.parametrize(
    "text", ["A dog barks.", "This is A Good Thing.", "So what? A dog.", "I am a man.", "“A dog.”"]
)
def test_article_is_no_letter(text):
    """An article stays one."""
    assert marked(text) == (text, [])


def test_neighbours_are_two_marks():
    """Two acronyms side by side stay two."""
    assert marked("The AWS API.") == (
        "The A W S A P I.",
        [("A W S", "letters"), ("A P I", "letters")],
    )


def test_shouted_words_are_words():
    """A word in capitals among others is a word, even where alone it is an acronym."""
    text, marks = marked("DO NOT USE IT.")
    assert (text, [word for word, _ in marks]) == ("DO NOT USE IT.", ["DO", "NOT", "USE", "IT"])


def test_terms_are_marked():
    """A term that voices say wrongly is marked in plain text too."""
    assert marked("an async call") == ("an async call", [("async", "word")])


def test_mark_signs_of_authors_are_plain():
    """An author's own monospace letters are plain letters."""
    assert normalise("The 𝙰𝙿𝙸 and 𝖺 word.") == "The A P I and a word."
    assert marked("Das 𝙰𝙿𝙸.", "de") == ("Das API.", [])


def test_other_languages_have_no_marks():
    """Other languages get their acronyms as written."""
    assert marked("Die API, 3 PDFs.", "de") == ("Die API, drei PDFs.", [])


def test_mark_is_three_plain_values():
    """A mark is its start, end and kind."""
    assert normalise_and_mark("An API.") == ("An A P I.", (Mark(3, 8, "letters"),))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("An NVIDIA card from WWII.", "An Nvidia card from World War Two."),
        ("IEEE 754 floats", "I triple E seven hundred and fifty-four floats"),
        ("SETQ and SETF", "set Q and set F"),
        ("It has utf8 and ec2 in it.", "It has U T F eight and E C two in it."),
        ("a VMware host", "a V M ware host"),
        ("a DDoS attack", "a D DOS attack"),
        ("two NaNs", "two nans"),
        ("5 TFLOPS", "five teraflops"),
    ],
)
def test_trade_says_it_otherwise(written, said):
    """Names that their trade says neither as letters nor as written are said its way."""
    assert normalise(written) == said
