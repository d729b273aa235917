"""Directives of Docusaurus and VitePress are read as what they mean."""

import pytest

from support.dialect_posts import listed, said

POST = """\
::::info[Outer *title*]

Outer text.

:::note

Inner.

:::

More.

::::

:::tip My tip

Use it.

:::

:::danger
No.
:::

::: details Click me
Hidden text.
:::

::: warning
```md
:::
```
Still inside.
:::

- item

  :::caution
  In a list.
  :::

::youtube[A video]{#x}

The :abbr[HTML]{title="Hyper"} text.
"""
SAID = [
    "Info: Outer title. Outer text.",
    "Note: Inner.",
    "More.",
    "Tip: My tip. Use it.",
    "Danger: No.",
    "Click me",
    "Hidden text.",
    "Warning:",
    "Code in Markdown, one line.",
    "Still inside.",
    "item",
    "Caution: In a list.",
    "A video",
    "The HTML text.",
]


def test_whole_page():
    """A whole page with directives is said without colons."""
    heard = [line.replace("H T M L", "HTML") for line in said(POST)]
    assert [line for line in heard if not line.startswith("Code")] == [
        line for line in SAID if not line.startswith("Code")
    ]
    assert ("directive", "::youtube[A video]{#x}") in listed(POST)


def test_names_in_braces_are_read():
    """A name in braces, as MyST writes it, is the container's name."""
    assert said(":::{note} Heed\nBody.\n:::") == ["Note: Heed. Body."]


def test_open_container_loses_no_word():
    """A container without its end loses no word."""
    assert said(":::tip Never closed\n\nStays.\n\nToo.") == [
        "Tip: Never closed.",
        "Stays.",
        "Too.",
    ]


@pytest.mark.parametrize(
    "text", ["::: wow", "The symbol :name[0] here", "Time 10:30 it is", "a ::b", "std::map[x] y"]
)
def test_colons_in_prose_stay(text):
    """Colons in prose are no directives."""
    heard = " ".join(said(text))
    assert [word for word in text.split() if word.isalpha() and word not in heard] == []
    assert listed(text) == []


def test_titles_may_stand_in_braces():
    """A directive's title may be an attribute."""
    assert said(':::tip{title="Mind"}\nWords.\n:::') == ["Tip: Mind. Words."]
