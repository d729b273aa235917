"""Numbers and signs in words, held against tables that were written from the rules of English."""

import re
from pathlib import Path

import pytest

from narrated.script.spoken import spoken

FORMS = Path(__file__).parent / "forms"


def cases(name):
    """Lines of `written | said`; a sign | inside a side has a backslash before it."""
    for line in (FORMS / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("# "):
            written, said = re.split(r"(?<!\\) \| ?", line, maxsplit=1)
            yield tuple(side.strip().replace("\\|", "|") for side in (written, said))


SPOKEN = list(cases("spoken.txt"))
TRAPS = list(cases("traps.txt"))


@pytest.mark.parametrize(("written", "said"), SPOKEN)
def test_what_is_no_word_is_spoken_in_words(written, said):
    assert spoken(written) == said


@pytest.mark.parametrize(("written", "said"), TRAPS)
def test_what_only_looks_like_another_form_is_told_from_it(written, said):
    assert spoken(written) == said


def test_the_tables_are_as_large_as_they_ought_to_be():
    assert len(dict(SPOKEN)) >= 250
    assert len(dict(TRAPS)) >= 60


@pytest.mark.parametrize("said", [said for _, said in (*SPOKEN, *TRAPS)])
def test_spoken_words_stay_as_they_are(said):
    assert spoken(said) == said


def test_other_languages_get_their_own_numbers():
    assert (
        spoken("Es sind 3 Katzen & 3,5 Hunde.", "de")
        == "Es sind drei Katzen & drei Komma fünf Hunde."
    )
    assert spoken("Ce sont 21 chats.", "fr-FR") == "Ce sont vingt et un chats."


def test_a_language_without_numbers_keeps_them_as_they_are_written():
    assert spoken("abc 12", "tlh") == "abc 12"
