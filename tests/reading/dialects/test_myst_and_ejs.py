"""MyST's roles and directives, and the tags of EJS and Templater, are read as what they mean."""

import pytest

from support.dialect_posts import listed, said

POST = """\
See {ref}`my-part`, {doc}`the guide <guide>`, {term}`API` and {cite}`knuth84`.

```{note}
A *note*.
```

````{warning} Careful
Inside.

```python
one = 1
two = 2
```
````

```{code-block} python
:linenos:
one = 1
two = 2
```

```{figure} a.png
:alt: A cat

The caption.
```

```{toctree}
a
```

```{versionadded} 1.2
Yes.
```
"""

SAID = [
    "See my part, the guide, A P I and .",
    "Note: A note.",
    "Warning: Careful. Inside.",
    "Code in Python, two lines.",
    "Code in Python, two lines.",
    "An image: A cat.",
    "The caption.",
    "Note: New in version one point two. Yes.",
]


def test_whole_page_of_myst():
    """A whole page of MyST is said without any of its signs."""
    assert said(POST) == SAID
    hidden = listed(POST)
    assert ("role", "{cite}`knuth84`") in hidden
    assert ("directive", "{toctree} a") in hidden


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("So {math}`x^2` is.", "So a formula is."),
        ("Call {py:func}`~pkg.mod.load` now.", "Call load now."),
        ("The {abbr}`HTM (Hyper Text)` page.", "The H T M page."),
        ("Press {kbd}`Ctrl+C` here.", "Press Control C here."),
    ],
)
def test_roles_are_their_words(text, words):
    """A role is said as the words that it shows."""
    assert said(text) == [words]


def test_code_of_cells_stays_code():
    """Code in braces that names a language, or has no end, is code."""
    assert said("```{python}\nprint(3)\n```") == ["Code: print three."]
    assert said("```{note}\nopen")[0].startswith("Code")
    assert said("~~~{note}\nWords.\n~~~", frozenset({"myst"}))[0].startswith("Code")


def test_tags_of_ejs_are_silent():
    """Tags of EJS, ERB and Templater are silent; a sign alone, and code, stay."""
    text = "On <% tp.date.now() %> and <%= a\nb %>it <%# note %> rained."
    assert said(text) == ["On and it rained."]
    assert ("comment", "<%# note %>") in listed(text)
    assert listed("Use `<%= x %>`, or 5 <% of it.") == []


def test_names_of_places_are_silent():
    """The name of a place on a line of its own is silent."""
    assert said("(my-part)=\n## Head\n\nText (a)=b.") == ["Head", "Text (a)=b."]
