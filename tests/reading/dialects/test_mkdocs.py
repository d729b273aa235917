"""MkDocs' admonitions, tabs, keys and marks are read as what they mean."""

import pytest

from support.dialect_posts import listed, said

POST = """\
=== "C"

    ``` c
    int main;
    x
    ```

=== "C++"

    Text of a *tab*.

!!! warning inline end "Mind the `gap`"
    Do not jump.

    - an item

??? tip

    Folded text.

    !!! danger "Nested"
        Deep.

???+ note "Open"
    Seen.

Press ++ctrl+alt+del++ or ++enter++.

The HTML spec :material-check: is good. [Go](x){ .md-button }

*[HTML]: Hyper Text Markup Language

--8<-- "includes/x.md"

--8<--
a.md
b.md
--8<--

With ^^inserted^^ words.
"""
SAID = [
    "C",
    "Code in C, two lines.",
    "C plus plus",
    "Text of a tab.",
    "Warning: Mind the gap. Do not jump.",
    "an item",
    "Tip: Folded text.",
    "Danger: Nested. Deep.",
    "Note: Open. Seen.",
    "Press Control Alt Delete or Enter.",
    "The HTML spec is good. Go",
    "With inserted words.",
]


def test_whole_page():
    """A whole page of MkDocs is said without any of its signs."""
    assert [line.replace("H T M L", "HTML") for line in said(POST)] == SAID
    hidden = listed(POST)
    assert ("snippet", '--8<-- "includes/x.md"') in hidden
    assert ("abbreviation", "*[HTML]: Hyper Text Markup Language") in hidden


def test_markdown_in_html_is_read():
    """Markdown in an element that asks for it is read as Markdown."""
    shown = '![A](a.png){ width="3" }'
    text = f'<figure markdown="span">\n  {shown}\n  <figcaption>C</figcaption>\n</figure>'
    assert said(text) == ["An image: A.", "C"]


def test_blocks_with_bars_are_notes():
    """A block with bars is a note; without its end it stays text."""
    assert said("/// note | A *title*\n    open: true\n\nBody.\n///\n\nAfter.") == [
        "Note: A title. Body.",
        "After.",
    ]
    assert said("/// details | Open me\nHidden.\n///") == ["Open me", "Hidden."]
    assert "words stay" in " ".join(said("/// note\n\nwords stay"))


@pytest.mark.parametrize(
    "text", ["!!! wow", "!!! wow this is great", "??? really", "What ??? note", "=== equals ==="]
)
def test_exclamations_stay(text):
    """Exclamations in prose are no admonitions."""
    heard = " ".join(said(f"{text}\n\nAfter."))
    assert [word for word in text.split() if word.isalpha() and word not in heard] == []
    assert heard.endswith("After.")


def test_plus_signs_stay():
    """Plus signs of languages and of code are no keys."""
    assert said("C++ and i++ stay.")[0].startswith("C plus plus and i")
    assert "plus" in said("++i++ stays")[0]


def test_documentation_of_code_is_listed():
    """The place of documentation that a plugin makes is silent."""
    assert said("One.\n\n::: a.b.c\n    options:\n      x: y\n\nTwo.") == ["One.", "Two."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!!!note\n    Words.", "Note: Words."),
        ('!!! danger "Don\'t \\"go\\""\n    Words.', 'Danger: Don\'t "go". Words.'),
        ("See [`Class`][a.b.Class] now.", "See Class now."),
        ("Say `#!python range(2)` now.", "Say range two now."),
        ("/// html | div.x\nWords.\n///", "Words."),
        ("--8<-- [start:x]\n\nWords.", "Words."),
    ],
)
def test_rarer_forms(text, words):
    """Signs without spaces, escaped quotes, links to code, languages, elements, sections."""
    assert said(text) == [words]
