"""A text as Piper speaks it: its phrases, their places, and texts that would harm."""

import re
import time

import pytest

from narrated.engines.piper.phrases import MOST_PHONEMES, phrases, written_for_piper


def phonemize(text: str) -> list[list[str]]:
    """Stand in for espeak: a letter is a phoneme, and a sign before a space ends a sentence."""
    parts = re.split(r"(?<=[.!?])[”)]*\s+", text.strip())
    return [list(part) for part in parts if any(map(str.isalnum, part))]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("She left… Then", "She left. Then"),
        ("well… maybe", "well, maybe"),
        ("well... maybe", "well,   maybe"),
        ("“Wait…” She ran", "“Wait.” She ran"),
        ("the end…", "the end."),
        ("[[hə]] x", "((hə]] x"),
        ("a\0b\ud800c\n", "a b c "),
    ],
)
def test_signs_that_piper_misreads(text: str, written: str) -> None:
    """An ellipsis is a pause, and brackets hold no phonemes; each character keeps its place."""
    assert written_for_piper(text) == written
    assert len(written) == len(text)


def test_places_of_sentences() -> None:
    """Each sentence knows the character at which it begins."""
    text = "One. “Two!” Three (four). Five"
    found = phrases(text, phonemize)
    assert [text[each.start :][:4] for each in found] == ["One.", "“Two", "Thre", "Five"]


def test_other_sentences_have_no_place() -> None:
    """Where Piper makes other sentences than we do, no place is told rather than a wrong one."""
    found = phrases(
        "Dr. Smith came. He left.", lambda text: [["a"], ["b"]] if "Dr. S" in text else [["a"]]
    )
    assert [each.start for each in found] == [None, None]
    assert all(each.begins for each in found)


def test_long_sentence_is_cut() -> None:
    """A sentence that is too long is cut between words, and nothing of it is lost."""
    text = "word " * 500
    found = phrases(text, phonemize)
    assert all(len(each.phonemes) <= MOST_PHONEMES for each in found)
    assert "".join("".join(each.phonemes) for each in found) == text.strip()
    assert [each.begins for each in found] == [True] + [False] * (len(found) - 1)
    assert [len(each.phonemes) for each in phrases("x" * 1200, phonemize)] == [500, 500, 200]


def test_nothing_to_say() -> None:
    """A text without words has no phrases."""
    assert phrases("— …", phonemize) == []


@pytest.mark.parametrize("text", ["[[" * 100_000, "… " * 100_000, "." * 200_000, ".'" * 100_000])
def test_hostile_texts_are_quick(text: str) -> None:
    """Texts of one sign, repeated, take linear time."""
    begin = time.process_time()
    phrases(written_for_piper(text), lambda text: [["a"], ["b"]])
    assert time.process_time() - begin < 5
