"""TeX: formulas between its delimiters, and its commands in a sentence."""

import pytest

from narrated.reading.document import InlineMath, Math
from narrated.reading.html import fragment
from narrated.reading.markdown import blocks
from support.dialect_posts import listed, said


@pytest.mark.parametrize(
    "formula",
    [
        r"\(e^{i\pi} = -1\)",
        r"\(n\)",
        r"\(O(n)\)",
        r"\(n-1\)",
        r"\(a, b\)",
        r"\[x = \frac{1}{2}\]",
        r"\[a_1 + b_1\]",
    ],
)
def test_delimited_formulas(formula):
    """A formula between TeX's delimiters is a formula."""
    assert said(f"So {formula} it is.") == ["So a formula it is."]


@pytest.mark.parametrize(
    "formula",
    [
        "\\[\nx\n- y\n= 1\n\\]",
        "\\[ x = 1 \\]",
        "\\begin{align}\na &= b \\\\\n+ c &= d\n\\end{align}",
        "\\begin{equation*} x = 1 \\end{equation*}",
    ],
)
def test_displayed_formulas(formula):
    """A formula on lines of its own is one, whatever its lines begin with."""
    assert [type(one) for one in blocks(formula, "a.md")] == [Math]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"See \[link\] here.", "See [link] here."),
        (r"So \(see below\) here.", "So (see below) here."),
        (r"As \[1\] says.", "As [one] says."),
        (r"\(a\) the first", "(a) the first"),
        (r"A \[x\](b) c.", "A [x](b) c."),
        (r"A C:\temp\new path", r"A C colon backslash temp backslash new path"),
        (r"An open \(x^2 stays.", "An open (x squared stays."),
    ],
)
def test_escaped_brackets_are_words(text, words):
    """Escaped brackets around words are brackets."""
    assert said(text) == [words]


def test_environments_of_text_are_read():
    """The text in an environment that only sets it is read; a drawing is listed."""
    assert said("\\begin{center}\nIn *it*.\n\\end{center}\n\nAfter.") == ["In it.", "After."]
    assert (
        listed("A.\n\n\\begin{tikzpicture}\n\\draw (0,0);\n\\end{tikzpicture}")[0][0]
        == "tikzpicture"
    )
    assert said("\\begin{verbatim}\na = 1\nb = 2\n\\end{verbatim}") == ["Code, two lines."]


def test_open_environment_loses_no_text():
    """The text after the beginning of an environment without an end is read."""
    assert said("\\begin{align}\nNever lost.\n\nAfter.") == ["Never lost.", "After."]


def test_commands_of_a_sentence():
    r"""Styles keep their words, `\LaTeX` is a name, references are silent."""
    assert said(r"Use \LaTeX{} with \textbf{bold} and \emph{soft} words\label{x}.") == [
        "Use LaTeX with bold and soft words."
    ]


def test_formulas_of_pages():
    """A page's formulas between TeX's delimiters are formulas."""
    (found,) = fragment(r"<p>So \(x^2\) and \[a\] of [b].</p>", "a")
    assert InlineMath("x^2") in found.spans


def test_code_keeps_delimiters():
    """Code keeps TeX's delimiters."""
    assert "formula" not in said(r"Use `\(x^2\)` so.")[0]


def test_tex_lists_are_lists():
    """The items of a list in TeX are items, in a quotation too."""
    text = "\\begin{enumerate}\n\\item One\n\\item[Two] *words*\n  go on\n\\end{enumerate}"
    assert said(text) == ["One. One", "Two. Two: words go on"]
    assert said("> " + text.replace("\n", "\n> "))[1:3] == ["One. One", "Two. Two: words go on"]


def test_words_in_environments_are_read():
    """What stands in an unknown environment is Markdown, without the signs of a quotation."""
    assert said("> \\begin{proof}\n> Words *of* proof.\n> \\end{proof}") == [
        "Quote: Words of proof."
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"\section{A section}", "A section"),
        (r"See \href{https://a.b}{these words}.", "See these words."),
        (r"Word\footnote{A note.} on.", "Word (A note.) on."),
    ],
)
def test_commands_with_words_say_them(text, words):
    """Headings, links and notes of TeX are their words."""
    assert said(text) == [words]


def test_math_fences_are_formulas():
    """GitHub's `math` fence, and a formula that fills a cell, are formulas."""
    assert said("```math\n\\sqrt{3}\n```") == ["A formula."]
    assert said("| \\(a\\) | b |\n|---|---|\n| \\(c\\) | d |")[1] == "a formula: a formula; b: d."


def test_ties_before_references_go():
    """A tie before a reference goes with it."""
    assert said("So it is~\\cite{x}, see Fig.~\\ref{y} here.") == ["So it is, see Fig. here."]
