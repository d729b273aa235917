"""Words that a voice may not know: by their letters, their capitals, and as names."""

import pytest

from narrated.engines.interface import Mark
from narrated.script.script import Chunk, Role
from narrated.script.unknown_words import Oddity, WordCounts, has_odd_letters

CODE = ["kubectl", "nginx", "systemd", "rsync", "ffmpeg", "journalctl", "mkdir", "mysql", "tmux"]
PLAIN = [
    *("queue", "basement", "rhythm", "yacht", "handwriting", "bookkeeping", "password", "knight"),
    *("fox", "sky", "toy", "poem", "debt", "hymn", "zebra", "vacuum", "jogging", "helix", "mosque"),
]


def unknown(*texts, language="en", role=Role.PARAGRAPH, marks=()):
    """The words that are told of chunks with these texts, with their counts and oddities."""
    counts = WordCounts()
    for number, text in enumerate(texts):
        chunk = Chunk("1", 0, role, text, 0.0, language=language, marks=tuple(marks))
        counts.add(chunk, f"{number}.md")
    return [(each.word, each.count, each.why, each.file) for each in counts.unknown()]


@pytest.mark.parametrize("word", CODE)
def test_code_words_have_odd_letters(word):
    """Words of code have letters in an order that English has not."""
    assert has_odd_letters(word)


@pytest.mark.parametrize("word", [*PLAIN, "co-op", "naïve", "Zürich", "x1"])
def test_plain_words_are_not_odd(word):
    """Ordinary words are not odd, nor is what is no plain English word at all."""
    assert not has_odd_letters(word)


def test_most_frequent_comes_first():
    """Words are counted in any case, and told with the first file that has them."""
    found = unknown("We run nginx.", "Nginx and kubectl, and nginx's log.")
    assert found == [
        ("nginx", 3, Oddity.LETTERS, "0.md"),
        ("kubectl", 1, Oddity.LETTERS, "1.md"),
    ]


def test_names_are_found_amid_sentences():
    """A name has a capital amid a sentence, and is written without one nowhere."""
    found = unknown('Then Ada met Bob. "Peter left." Peter went. We said Hello, and hello again.')
    assert found == [("Ada", 1, Oddity.NAME, "0.md"), ("Bob", 1, Oddity.NAME, "0.md")]
    assert unknown("The Art of Names", role=Role.HEADING) == []
    assert unknown("We met on Monday, in March.") == []
    assert unknown("Das ist mein Haus.", language="de") == []


def test_mixed_words_are_found():
    """Capitals or digits inside are told in any language."""
    assert unknown("Das PyPI und x86asm.", language="de") == [
        ("PyPI", 1, Oddity.MIXED, "0.md"),
        ("x86asm", 1, Oddity.MIXED, "0.md"),
    ]


def test_marked_words_are_known():
    """What narrated itself says in another way is not told."""
    assert unknown("Use async here.", marks=[Mark(4, 9, "word")]) == unknown("Use it here.") == []
    assert unknown("Use nginx here.", marks=[Mark(4, 9, "word")]) == []
