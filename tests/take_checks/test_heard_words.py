"""The comparison of what was heard of a take with what its text says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.engines.interface import Mark
from narrated.script.lexicon import Lexicon
from narrated.script.text_normalisation import normalise_and_mark
from narrated.take_checks.heard_words import compare
from narrated.take_checks.letter_distance import letter_distance

ROWS = [
    row.split("\t")
    for row in (Path(__file__).parent / "heard.tsv").read_text(encoding="utf-8").splitlines()
    if row and not row.startswith("#")
]


def kinds(found):
    return ",".join(fault.kind for fault in found.faults) or "-"


@pytest.mark.parametrize(("said", "heard", "faults"), ROWS)
def test_rows_of_the_table(said, heard, faults):
    """Each row of the table is judged as it says."""
    marks = normalise_and_mark(said)[1]
    if " A P I" in said:
        at = said.index("A P I")
        marks = (Mark(at, at + 5, "letters"),)
    assert kinds(compare(said, heard, marks=marks)) == faults


VOCABULARY = (
    *("we", "moved", "the", "build", "to", "a", "small", "box", "A", "P", "I"),
    *("two", "thousand", "and", "eight", "it's"),
)
WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=30).map(" ".join)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(["en", "de", "ja", "zh"]))
def test_any_two_texts_compare(said, heard, language):
    """Any two texts have a distance from 0 to 1, whatever their language."""
    assert 0 <= compare(said, heard, language).distance <= 1


@settings(deadline=None, max_examples=50)
@given(WORDS)
def test_equal_texts_have_no_fault(text):
    """What was heard as it was said has no fault."""
    assert compare(text, text).faults == ()


@settings(deadline=None, max_examples=50)
@given(WORDS, WORDS)
def test_distance_is_symmetrical(one, other):
    """A text is as far from another as that from it, but for names."""
    there, back = compare(one.lower(), other.lower()), compare(other.lower(), one.lower())
    assert there.distance == pytest.approx(back.distance, abs=0.15)


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_letter_distance_is_levenshtein(one, other):
    """The distance in letters is that of the textbook's table."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        before, row = row, [at]
        for place, there in enumerate(other, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != there)))
    assert letter_distance(one, other) == row[-1]


def test_a_word_heard_without_end():
    """A model that repeats itself for ever costs no time without bound, and is a fault."""
    found = compare("We moved the build to a small box. " * 15, "the box of " * 100_000)
    assert "words_added" in kinds(found)


def test_lexicon_words_either_way():
    """A word of the lexicon may be heard as it is written or as it is said."""
    lexicon = Lexicon.parse(["words: {nginx: engine x, gif: jif}"])
    said = "We put engine x before it."
    for heard in (
        "We put nginx before it.",
        "We put Engine X before it.",
        "We put Angie X before it.",
    ):
        assert kinds(compare(said, heard, lexicon=lexicon)) == "-"


def test_misheard_words_are_told():
    """The words that were heard otherwise stand beside what was heard."""
    found = compare(
        "Our cluster runs Kubernetes at night.", "Our cluster runs Cooper Netties at night."
    )
    assert found.misheard == (("Kubernetes", "Cooper Netties"),)
