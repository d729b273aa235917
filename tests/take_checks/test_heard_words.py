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


@pytest.mark.parametrize(
    ("language", "said", "heard", "faults"),
    [
        (
            "de",
            "Die Datenbank lief auf dem alten Rechner.",
            "Die Daten Bank lief auf dem alten Rechner.",
            "-",
        ),
        (
            "de",
            "Es waren einundzwanzig Leute in der Küche.",
            "Es waren 21 Leute in der Küche.",
            "-",
        ),
        ("de", "Die Straße ist nass.", "Die Strasse ist naß.", "-"),
        (
            "de",
            "Das Haus am See steht leer.",
            "Das Haus am See steht leer. Untertitel im Auftrag des ZDF",
            "words_added",
        ),
        ("de", "Das Haus am See steht seit dem Winter leer.", "Das Haus am See.", "words_missing"),
        ("de", "Der Hund bellt laut im Garten.", "Der Mund fällt kraus am Karren.", "misheard"),
        (
            "fr",
            "Il faut manger la soupe quand elle est chaude.",
            "Il faut manger la soupe, quand elle est chaude !",
            "-",
        ),
        ("fr", "L’été, on mange dehors.", "L'ete on mange dehors.", "-"),
        (
            "fr",
            "Il faut manger la soupe quand elle est chaude.",
            "Il faut manger la soupe.",
            "words_missing",
        ),
        ("ja", "今日はとても良い天気です。", "今日はとてもいい天気です", "-"),
        (
            "ja",
            "今日はとても良い天気です。",
            "今日はとても良い天気です。ご視聴ありがとうございました。",
            "words_added",
        ),
        ("ja", "今日はとても良い天気です。", "今日は", "words_missing"),
        ("zh", "这个网络很快。", "這個網絡很快", "-"),
        ("zh", "这个网络很快。", "这个网络很快。谢谢观看，请订阅我的频道。", "words_added"),
        ("zh", "我们昨天把服务器搬到了新的房间里。", "我们昨天把服务器", "words_missing"),
    ],
)
def test_other_languages(language, said, heard, faults):
    """Compounds, accents and scripts that part no words are judged by their language."""
    assert kinds(compare(said, heard, language)) == faults
