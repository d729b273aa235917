"""Numbers and signs in words, compared with tables made from the rules of English."""

import re
import time
from pathlib import Path

import pytest
from num2words import CONVERTER_CLASSES

from narrated.script.code_words import code_words
from narrated.script.text_normalisation import normalise

FORMS = Path(__file__).parent / "forms"


def cases(name):
    """Lines of `written | said`; a sign | inside a side has a backslash before it."""
    for line in (FORMS / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("# "):
            written, said = re.split(r"(?<!\\) \| ?", line, maxsplit=1)
            yield tuple(side.strip().replace("\\|", "|") for side in (written, said))


SPOKEN = [*cases("spoken.txt"), *cases("dates_and_numbers.txt")]
TRAPS = [*cases("traps.txt"), *cases("dates_and_numbers_traps.txt")]
SENTENCES = list(cases("sentences.txt"))
CODE = list(cases("code.txt"))


@pytest.mark.parametrize(("written", "said"), SPOKEN)
def test_forms_are_said_in_words(written, said):
    """Numbers and signs are said in words."""
    assert normalise(written) == said


@pytest.mark.parametrize(("written", "said"), TRAPS)
def test_lookalikes_are_told_apart(written, said):
    """Look-alikes of a form are told apart from it."""
    assert normalise(written) == said


@pytest.mark.parametrize(("written", "said"), SENTENCES)
def test_whole_sentences_sound_right(written, said):
    """Whole sentences are spoken as a listener expects."""
    assert normalise(written) == said


@pytest.mark.parametrize(("written", "said"), CODE)
def test_code_is_said_in_words(written, said):
    """Code inside a sentence is said in words."""
    assert normalise(code_words(written, "en")) == said


def test_tables_of_forms_are_large():
    """The tables hold enough forms."""
    assert len(dict(SPOKEN)) >= 250
    assert len(dict(TRAPS)) >= 60


def test_words_stay_unchanged():
    """Spoken words stay as they are."""
    said = [said for _, said in (*SPOKEN, *TRAPS, *SENTENCES)]
    assert [normalise(words) for words in said] == said


def test_other_languages_say_numbers():
    """Other languages get their own numbers."""
    assert (
        normalise("Es sind 3 Katzen & 3,5 Hunde.", "de")
        == "Es sind drei Katzen & drei Komma fünf Hunde."
    )
    assert normalise("Ce sont 21 chats.", "fr-FR") == "Ce sont vingt et un chats."


def test_unknown_language_keeps_digits():
    """A language without numbers keeps them as they are written."""
    assert normalise("abc 12", "tlh") == "abc 12"


@pytest.mark.parametrize("language", sorted(CONVERTER_CLASSES))
def test_every_language_says_numbers(language):
    """Every language says numbers, and in bounded time."""
    began_s = time.process_time()
    for written in ("42", "3,5", "10.05", "0,25", "999999999999999"):
        said = normalise(f"a {written} b", language)
        assert said.startswith("a ")
        assert len(said.split()) >= 3, said
    assert time.process_time() - began_s < 2


def test_other_decimals_keep_digits():
    """Decimals in other languages keep all their digits."""
    assert normalise("10,05", "de") == "zehn Komma null fünf"
    assert normalise("3,50", "fr") == "trois virgule cinq zéro"


# fmt: off
HOSTILE = [
    "a.", "1-", "((((", "http://a?....", "A.A.A.", "--a", "1/2/3/", "$1$1", "a_a_a_", "aA",
    "1,", "12:", "1.", "~/", "@a", "a@a.", "v1.", "😀", "1½", "0x", "1x", "1e", "=1", "5%-",
    "\\", "a()", "#a", "::", "a::", "ABC/", "2^", "'", "10–", "1-a", "GPT-4-", "🇩🇪", "a&b",
    "<5", "+=", "1.1.1.1/", "2024-01-02T", "00:", "a://", "a://(", "a#1", "@a/", "\\d", "%d", "{a:",
    "[a]+", "Nf3", "A♯", "1°", "1 A St, ", "DDR5-", "a-1-1B", "$1-$", "1h", "C-x ", "★",
    "a/b.c:1", "*.a",
]
# fmt: on


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("joint", ["", " "])
def test_cost_is_linear_in_length(piece, joint):
    """The cost of a line is linear in its length."""

    def spent_s(length):
        text = f"{piece}{joint}" * (length // len(piece))
        began_s = time.process_time()
        normalise(text)
        return time.process_time() - began_s

    # Eight times the length costs about 8 times the CPU time, and 64 times if a rule is quadratic.
    # Other processes can only add to it (cold caches): the least of several is the true cost, and
    # a quadratic rule exceeds the bound in every run.
    short_s = min(spent_s(1000) for _ in range(2))
    assert any(spent_s(8000) < 24 * max(short_s, 0.005) for _ in range(4))


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
def test_voice_model_marks_unchanged(said: str) -> None:
    """The marks of a voice model pass unharmed."""
    assert normalise(said) == said
