"""Numbers and signs in words, held against tables that were written from the rules of English."""

import re
import time
from pathlib import Path

import pytest
from num2words import CONVERTER_CLASSES

from narrated.script.normalisation import normalise

FORMS = Path(__file__).parent / "forms"


def cases(name):
    """Lines of `written | said`; a sign | inside a side has a backslash before it."""
    for line in (FORMS / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("# "):
            written, said = re.split(r"(?<!\\) \| ?", line, maxsplit=1)
            yield tuple(side.strip().replace("\\|", "|") for side in (written, said))


SPOKEN = list(cases("spoken.txt"))
TRAPS = list(cases("traps.txt"))
SENTENCES = list(cases("sentences.txt"))


@pytest.mark.parametrize(("written", "said"), SPOKEN)
def test_what_is_no_word_is_spoken_in_words(written, said):
    assert normalise(written) == said


@pytest.mark.parametrize(("written", "said"), TRAPS)
def test_what_only_looks_like_another_form_is_told_from_it(written, said):
    assert normalise(written) == said


@pytest.mark.parametrize(("written", "said"), SENTENCES)
def test_whole_sentences_are_spoken_as_a_listener_expects(written, said):
    assert normalise(written) == said


def test_the_tables_are_as_large_as_they_ought_to_be():
    assert len(dict(SPOKEN)) >= 250
    assert len(dict(TRAPS)) >= 60


@pytest.mark.parametrize("said", [said for _, said in (*SPOKEN, *TRAPS, *SENTENCES)])
def test_spoken_words_stay_as_they_are(said):
    assert normalise(said) == said


def test_other_languages_get_their_own_numbers():
    assert (
        normalise("Es sind 3 Katzen & 3,5 Hunde.", "de")
        == "Es sind drei Katzen & drei Komma fünf Hunde."
    )
    assert normalise("Ce sont 21 chats.", "fr-FR") == "Ce sont vingt et un chats."


def test_a_language_without_numbers_keeps_them_as_they_are_written():
    assert normalise("abc 12", "tlh") == "abc 12"


@pytest.mark.parametrize("language", sorted(CONVERTER_CLASSES))
def test_no_language_is_silent_on_numbers_nor_takes_for_ever(language):
    began_s = time.process_time()
    for written in ("42", "3,5", "10.05", "0,25", "999999999999999"):
        said = normalise(f"a {written} b", language)
        assert said.startswith("a ")
        assert len(said.split()) >= 3, said
    assert time.process_time() - began_s < 2


def test_decimals_in_other_languages_keep_all_their_digits():
    assert normalise("10,05", "de") == "zehn Komma null fünf"
    assert normalise("3,50", "fr") == "trois virgule cinq zéro"


# fmt: off
HOSTILE = [
    "a.", "1-", "((((", "http://a?....", "A.A.A.", "--a", "1/2/3/", "$1$1", "a_a_a_", "aA",
    "1,", "12:", "1.", "~/", "@a", "a@a.", "v1.", "😀", "1½", "0x", "1x", "1e", "=1", "5%-",
    "\\", "a()", "#a", "::", "a::", "ABC/", "2^", "'", "10–", "1-a", "GPT-4-", "🇩🇪", "a&b",
    "<5", "+=", "1.1.1.1/", "2024-01-02T", "00:",
]
# fmt: on


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("joint", ["", " "])
def test_a_line_without_end_costs_no_more_than_its_length(piece, joint):
    def spent_s(length):
        text = f"{piece}{joint}" * (length // len(piece))
        began_s = time.process_time()
        normalise(text)
        return time.process_time() - began_s

    # The best of several, since others work on the machine meanwhile.
    short_s, long_s = (min(spent_s(length) for _ in range(4)) for length in (2000, 16_000))
    assert long_s < 24 * max(short_s, 0.01)


@pytest.mark.parametrize(
    "said",
    [
        "Hello [laughs] there.",
        "He said [sighs] and went on [clears throat] slowly.",
        "♪ In the jungle, the mighty jungle ♪",
        "Oh no [gasps] — really...",
        "MAN: [music] What [laughter] was that?",
    ],
)
def test_the_marks_of_a_voice_model_pass_unharmed(said: str) -> None:
    assert normalise(said) == said
