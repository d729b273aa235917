"""Pandoc and Quarto: their markup is read as what it means, and never as signs."""

import pytest

from narrated.reading.document import Admonition, Code, Unspoken, plain
from narrated.reading.markdown import blocks
from support.dialect_posts import listed, said

GRID = """
+-------+--------------+
| Name  | What         |
+=======+==============+
| Fox   | A quick      |
|       | *animal*     |
+-------+--------------+
| Dog   |              |
+-------+--------------+
"""
SIMPLE = """
  Right     Left
-------     ------
     12     one
    123     two
"""
HEADLESS = """
-------     ------
     12     one
    123     two
-------     ------
"""
MULTILINE = """
-------------------------------
 Name      Text
           below
--------- ---------------------
 One       A row that
           spans lines.

 Two       Another.
-------------------------------
"""


def test_callouts_are_admonitions():
    """A callout is a note or a warning, with a title from its attributes or its heading."""
    assert said("::: {.callout-note}\nText.\n:::") == ["Note: Text."]
    assert said('::: {.callout-warning title="Mind"}\nText.\n:::') == ["Warning: Mind. Text."]
    assert said("::: {.callout-tip collapse=true}\n## A *way*\n\nText.\n:::") == [
        "Tip: A way. Text."
    ]
    assert said("::: callout-note\nText.\n:::") == ["Note: Text."]
    assert said("::: {#thm-a}\nLines are lines.\n:::") == ["Theorem: Lines are lines."]


def test_divs_are_read_without_marks():
    """A div is read, also one in another, and its marks are silent."""
    text = ":::: {.a}\n\n::: {.column width=50%}\nLeft.\n:::\n\n:::{.b}\nRight.\n:::\n\n::::"
    assert said(text) == ["Left.", "Right."]
    assert said("- item\n\n  ::: {.x}\n  inner\n  :::\n\nAfter.")[-2:] == ["inner", "After."]


@pytest.mark.parametrize(
    "text",
    [
        "::: {.x}\n\nInner.\n\nAfter.",
        "Inner.\n\n:::\n\nAfter.\n\n::: {.x}\n:::",
        "- ::: {.x}\n  Inner. After.",
    ],
)
def test_unclosed_div_loses_no_text(text):
    """A div without an end, or an end without a div, loses no text."""
    assert " ".join(said(text)) == "Inner. After."


def test_hidden_div_is_listed():
    """A div that is hidden on the page is listed."""
    assert listed("Text.\n\n::: {.content-hidden}\nSecret.\n:::") == [("div", "Secret.")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A [small]{.smallcaps} [**b** c]{#x k='v w'} word.", "A small b c word."),
        ("![Alt](a.png){width=50%} in text.", "(an image: Alt) in text."),
        ("A [link](u){target=_blank .x} here.", "A link here."),
        ("Use `x`{.python} here.", "Use x here."),
        ("A **word**{.x} here.", "A word here."),
        ("A paragraph. {#name .class}", "A paragraph."),
        ("## Head {#sec-a .unnumbered}", "Head"),
        ("H~2~O and C~6~H~12~O~6~.", "H two O and C six H twelve O six."),
        ("x^2^, 20^th^ and 10^-3^.", "x squared, twentieth and ten to the power of minus three."),
        ("A claim [@knuth84, p. 3].", "A claim."),
        ("A claim[see @a; -@b2010, pp. 3-5]!", "A claim!"),
        ("See [@knuth84, p. 3].", "See Knuth eighty-four, page three."),
        ("@knuth_smith1984 says it [@a].", "Knuth Smith (nineteen eighty-four) says it."),
        ("See @fig-a and @tbl-b.", "See the figure and the table."),
        ("A formula $$x^2$$ {#eq-a}", "A formula a formula"),
        ("Raw `<i>`{=html} text.", "Raw text."),
    ],
)
def test_marks_of_a_sentence(text, words):
    """Spans, attributes, citations and references in a sentence are read as what they mean."""
    assert said(text)[0] == words


def test_references_have_numbers():
    """A reference to a figure or a table in the text has its number."""
    text = "See @fig-b, [@fig-a] and [-@fig-a].\n\n![A](a.png){#fig-a}\n\n![B](b.png){#fig-b}"
    assert said(text)[0] == "See figure two, (figure one) and one."


@pytest.mark.parametrize(
    "text",
    [
        "An email a@b.org and @user and [sic] and [note].",
        "An [x] and [1] and {name} and {a, b} and f{x}.",
        "From ~5 to ~6 and ~/a and a~b.",
        "So a^b and c ^ d ^ e.",
        "So [cc @user please] and [@user thanks!].",
        "See ::: here ::: and {.class} there.",
        "(@user) wrote.",
    ],
)
def test_similar_prose_stays(text):
    """Prose that looks similar keeps its words."""
    (found,) = blocks(text, "a.md")
    assert plain(found.spans) == text


def test_lone_pipes_stay():
    """A line of pipes that is neither a table nor verse stays."""
    for text in ("| a | b |", "| lone line", "| a | b |\n| c | d |"):
        assert "a" in said(f"Before.\n\n{text}")[1] or "lone" in said(f"Before.\n\n{text}")[1]


def test_line_blocks_are_verse():
    """The lines of a line block have a pause after each, its stanzas a longer one."""
    text = "| Roses are red\n| Violets *are*\n|   blue\n|\n| And so\n  on\n| they go"
    assert said(text) == ["Roses are red, Violets are, blue", "And so on, they go"]


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (GRID, ["Name: Fox; What: A quick animal.", "Name: Dog; What: empty."]),
        (SIMPLE, ["Right: twelve; Left: one.", "Right: one hundred and twenty-three; Left: two."]),
        (HEADLESS, ["twelve; one.", "one hundred and twenty-three; two."]),
        (
            MULTILINE,
            ["Name: One; Text below: A row that spans lines.", "Name: Two; Text below: Another."],
        ),
    ],
)
def test_tables_without_pipes(table, lines):
    """Grid tables, simple tables and multiline tables are tables."""
    assert said(f"Before.\n{table}\nAfter.")[2:] == [*lines, "After."]


def test_captions_lose_their_mark():
    """A table's caption is read without its mark and its name."""
    assert said("| a |\n|---|\n| b |\n\n: The caption {#tbl-x}")[-1] == "The caption"
    assert said("Table: Cap\n\n| a |\n|---|\n| b |")[0] == "Cap"
    assert said("Table: not one")[0] == "Table: not one"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```{python .numberLines}\na\n```", Code("a", "python")),
        ("```{.haskell #lst}\na\n```", Code("a", "haskell")),
        ("```{r, fig.width=3}\n#| label: x\n#| warning: false\na\n```", Code("a", "r")),
        ('```python {filename="a.py"}\na\n```', Code("a", "python")),
        ("```{{python}}\na\n```", Code("a", "python")),
    ],
)
def test_code_has_its_language(text, code):
    """Code with attributes keeps its language, and loses the options of its cell."""
    assert blocks(text, "a.md") == (code,)


def test_hidden_code_is_listed():
    """Code that is hidden on the page, and raw markup, are listed."""
    for text in (
        "```{r}\n#| echo: false\na\n```",
        "```{r, echo=FALSE}\na\n```",
        "```{=html}\na\n```",
    ):
        (found,) = blocks(text, "a.md")
        assert isinstance(found, Unspoken)
        assert "a" in found.text


def test_examples_are_numbered():
    """Numbered examples go on through the text, and references have their numbers."""
    assert said("(@good) First.\n(@) Second\n    line.\n\nAs (@good) shows.") == [
        "One. First.",
        "Two. Second line.",
        "As (one) shows.",
    ]


@pytest.mark.parametrize(
    "mark", ["[toc]", "[TOC]", "[[_TOC_]]", r"\newpage", r"\pagebreak", r"\vspace{1cm}"]
)
def test_page_marks_are_silent(mark):
    """A page break and the place of a table of contents are silent."""
    assert said(f"One.\n\n{mark}\n\nTwo.") == ["One.", "Two."]
    assert listed(f"One.\n\n{mark}\n\nTwo.") == [("page mark", mark)]


def test_code_keeps_pandocs_marks():
    """Code keeps everything as it is."""
    text = "::: {.x}\n[@a]{.b} H~2~O\n| a\n| b\n\\newpage\n:::"
    assert blocks(f"```\n{text}\n```", "a.md") == (Code(text, ""),)
    assert said("Use `[@a]` and `x^2^`.") == ["Use at a and x caret two caret."]


def test_callout_in_a_list():
    """A callout inside an item stays in it."""
    (found,) = blocks("- a\n\n  ::: {.callout-note}\n  b\n  :::", "a.md")
    assert isinstance(found.items[0].blocks[1], Admonition)


def test_call_without_a_note_is_listed():
    """The call of a footnote that the text does not have is listed; a pattern stays."""
    assert said("A claim.[^7] So[^old-note] it is.") == ["A claim. So it is."]
    assert listed("A claim.[^7]") == [("footnote call", "[^7]")]
    assert "z" in said("Match [^abcz] and [^a-z]+ so.")[0]


GRID = """\
+-----+-----------+
| A   | Both      |
|     +-----+-----+
|     | B   | C   |
+=====+=====+=====+
| one | -9.2| x   |
|     +-----+-----+
|     | - a | y   |
|     | - b |     |
+-----+-----+-----+"""


def test_grid_cells_may_span():
    """A cell over several columns or rows counts for the first column, and for each row."""
    assert said(GRID) == [
        "A table of two rows: A, Both B, C.",
        "A: one; Both B: minus nine point two; C: x.",
        "A: one; Both B: a, b; C: y.",
    ]


def test_lists_may_count_themselves():
    """Items after `#.` are numbered; a space after a backslash does not break a line."""
    assert said("#. one\n#. two\n   on\n\n#. three") == ["One. one", "Two. two on", "Three. three"]
    assert said("A non\\ breaking space.\n\n## Head {-}") == ["A non breaking space.", "Head"]


def test_computed_words_are_listed():
    """Code in a sentence whose result the page shows is silent; `r` alone is code."""
    text = "So `{python} x` is `r mean(x)`.\n\n```{r}\nx <- 1\ny <- 2\n```"
    assert said(text)[0].split() == ["So", "is", "."]
    assert said("So `r mean(x)` is.") == ["So r mean x is."]


def test_brackets_round_references_stay():
    """The bracket after a cross reference belongs to the sentence; a definition is silent."""
    assert said("So (@eq-one) and (@fig-b, c).") == ["So (the equation) and (the figure, c)."]
    assert said("So \\@ref(fig:b) is.") == ["So the figure is."]
    assert said("One.\n\n\\newcommand{\\x}{y}\n\nTwo.") == ["One.", "Two."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Doe says so, -@doe2020.\n\nSee [@roe].", ["Doe says so, (twenty twenty)."]),
        ("It is ~old *news*~ gone.", ["It is (struck out: old news) gone."]),
        (
            "From ~/a to ~/b, in ~5 or ~10 days.",
            ["From home slash a to home slash b, in about five"],
        ),
    ],
)
def test_single_signs_are_read(text, words):
    """A citation without its author is its year; words between single tildes are struck out."""
    assert said(text)[0].startswith(words[0])
