"""The user's pronunciations: whole words, their case, patterns, and what is wrong with them."""

from pathlib import Path

import pytest

from narrated.errors import SourceError
from narrated.script.lexicon import Lexicon

EXAMPLE = Path(__file__).parents[2] / "config" / "lexicon.yaml"


def said(text, *lexicons):
    return Lexicon.parse(lexicons).apply(text)


def test_a_word_in_lower_case_matches_in_any_case():
    assert said("Nginx, NGINX, nginx", "words: {nginx: engine x}") == "engine x, engine x, engine x"


def test_a_word_with_a_capital_matches_exactly():
    assert said("US and us", "words: {US: U S}") == "U S and us"


def test_only_whole_words_are_replaced():
    assert said("cat concat cats cat_x cat", "words: {cat: dog}") == "dog concat cats cat_x dog"


def test_words_may_hold_signs_and_phrases_may_hold_spaces():
    lexicon = 'words: {"C++": C plus plus, ".net": dot net, "vi  editor": six}'
    assert said("C++, .NET and the vi editor", lexicon) == "C plus plus, dot net and the six"


def test_the_longest_entry_wins_and_is_not_replaced_again():
    assert said("new york", "words: {new: old, new york: new amsterdam}") == "new amsterdam"


def test_a_later_lexicon_wins():
    assert said("a b", "words: {a: one, b: two}", "words: {a: first}") == "first two"


def test_patterns_are_applied_in_order_after_the_words():
    lexicon = "words: {rfc: RFC}\npatterns:\n- {match: 'RFC (\\d+)', say: 'R F C \\1'}"
    assert said("rfc 2119", lexicon) == "R F C 2119"


def test_an_empty_lexicon_changes_nothing():
    for empty in ("", "words:\npatterns:\n", "# nothing\n"):
        assert said("a b", empty) == "a b"


@pytest.mark.parametrize(
    ("lexicon", "named"),
    [
        ("words: [a]", "words"),
        ("words: {a: [b]}", "words: a"),
        ("wrods: {a: b}", "wrods"),
        ("patterns: {a: b}", "patterns"),
        ("patterns: [{match: a}]", "match"),
        ("patterns: [{match: '(', say: a}]", r"`\(`"),
        ("patterns: [{match: a, say: '\\1'}]", "group"),
        ("words: {a: b", "line"),
        ("just words", "mapping"),
    ],
)
def test_a_lexicon_that_is_wrong_is_refused_with_the_entry_s_name(lexicon, named):
    with pytest.raises(SourceError, match=named):
        Lexicon.parse([lexicon])


def test_the_second_of_two_lexicons_is_named():
    with pytest.raises(SourceError, match="Lexicon 2 of 2"):
        Lexicon.parse(["words: {a: b}", "words: [a]"])


def test_the_example_lexicon_is_right():
    assert said("nginx, RFC 2119 & 8 GB", EXAMPLE.read_text()) == (
        "engine x, R F C 2119 & 8 gigabytes"
    )
