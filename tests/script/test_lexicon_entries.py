"""A word is added to a lexicon whose other lines stay as they are."""

import pytest

from narrated.errors import SourceError
from narrated.script.lexicon_entries import with_entry

LEXICON = "# ours\nwords:\n  # servers\n  nginx: engine x\n\n  SQL: sequel\npatterns: []\n"


@pytest.mark.parametrize(
    ("text", "word", "said", "after"),
    [
        ("", "GIF", "jif", "words:\n  GIF: jif\n"),
        (LEXICON, "nginx", "engine x", LEXICON),
        (LEXICON, "SQL", "S Q L", LEXICON.replace("sequel", "S Q L")),
        (LEXICON, "GIF", "jif", LEXICON.replace("sequel\n", "sequel\n  GIF: jif\n")),
        ("patterns: []", "yes", "no: 1", 'patterns: []\nwords:\n  yes: "no: 1"\n'),
        ("words:\n", 'a"b', "c # d", 'words:\n  "a\\"b": "c # d"\n'),
    ],
)
def test_entry_is_added(text: str, word: str, said: str, after: str) -> None:
    """An entry is made or replaced; comments, order and all else stay."""
    assert with_entry(text, word, said) == after


@pytest.mark.parametrize("text", ["words: {a: b}\n", "words: [1]\n", "words:\n  a: |\n    b\n  c"])
def test_odd_lexicon_is_left_alone(text: str) -> None:
    """One that is broken, or of a form that is not edited, raises an error."""
    with pytest.raises(SourceError):
        with_entry(text, "GIF", "jif")
