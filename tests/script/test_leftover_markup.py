"""Markup that would be said is found, and words are not taken for markup."""

import time
from pathlib import Path

import pytest

from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.leftover_markup import find_leftovers
from narrated.script.lexicon import Lexicon
from narrated.script.script import Line, ReadingSettings, Role, Script

ROOT = Path(__file__).parents[2]
EXPECTED = {".script", ".written"}
POSTS = [each for each in (ROOT / "tests/script/posts").iterdir() if each.suffix not in EXPECTED]
PROSE = [*POSTS, *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")]


def leftovers(text: str, name: str = "a.txt", **settings: str) -> list[str]:
    """The kinds of leftovers of a source."""
    document = read(text.encode(), name)
    script = build_script(document, {}, Lexicon.parse([]), ReadingSettings(**settings))
    return [found.kind for found in find_leftovers(script)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("See {{% notice tip %}} here.", "shortcode"),
        ("[gallery ids=1,2]", "shortcode"),
        ("[caption id=x]A dog[/caption]", "shortcode"),
        ("{% raw %} A {% endraw %}", "template"),
        ("Hello {{ page | x }}.", "template"),
        ("See [[a page]].", "wiki link"),
        ("See ![a dog.", "picture"),
        ("See [words](page).", "link"),
        ("See [words][page].", "link"),
        ("A claim.[^a note]", "footnote call"),
        ("As in [@smith2004, see there].", "citation"),
        ("As in @fig-plot.", "citation"),
        ('!!! note "Mind"', "admonition"),
        ("??? question", "admonition"),
        ("[!NOTE] Mind.", "admonition"),
        (":::tip", "directive"),
        ('=== "Tab"', "tab"),
        ("{: .lead}", "attribute list"),
        ("A heading {#name}", "attribute list"),
        ("Some [words]{.smallcaps}.", "attribute list"),
        ("Some ==words== here.", "highlight"),
        ("Some ~~words~~ here.", "struck-out mark"),
        ("Some {++words++} here.", "critic mark"),
        ("Some **words** here.", "emphasis"),
        ("Some *words here*.", "emphasis"),
        ("Some `words here.", "backtick"),
        ("## A heading", "heading mark"),
        ("|a|b|", "table"),
        ("+----+----+ a", "table"),
        ('--8<-- "page.md"', "snippet"),
        ("|---|:--| a", "table"),
        ("~~~python", "fence"),
        ("Some <b>words</b>.", "HTML tag"),
        ('A <span class="x">word.', "HTML tag"),
        ("A line<br/>more.", "HTML tag"),
        ('A <Tabs group="x" /> b.', "HTML tag"),
        ("<!-- a comment", "HTML tag"),
        ('figure src="a dog.png"', "attribute"),
        ("A&nbsp;b &amp; c&#39;s", "entity"),
        (r"The \frac{1}{2} of it.", "TeX"),
        (r"The $x$ of it.", "TeX"),
        (r"\begin{align}", "TeX"),
        (r"Not \*words\*.", "escaped sign"),
        ("Well :no-code: then.", "emoji code"),
        ("Well :party-cat: then.", "emoji code"),
        ("A %%comment%% here.", "comment mark"),
        ("A paragraph. ^block-1", "block id"),
        ('import Tabs from "@theme/Tabs";', "MDX"),
    ],
)
def test_markup_is_found(text: str, kind: str) -> None:
    """Markup of each kind is found, as it would be said."""
    assert kind in leftovers(f"Words.\n\n{text}")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("See https://example.com.", "address"),
        ("A >}} b.", "shortcode"),
        ("A %} b.", "template"),
        ("A {{ b.", "template"),
        ("A <?php b.", "template"),
        ("A [[b.", "wiki link"),
        ("A]] b.", "wiki link"),
        ("[page]: u", "link"),
        ("A claim.^[A note", "footnote call"),
        ("So [@ada says.", "citation"),
        ("Some [words]{x", "attribute list"),
        ("A {.lead b.", "attribute list"),
        ("A {width=3 b.", "attribute list"),
        ("Some ==words.", "highlight"),
        ("Some words== here.", "highlight"),
        ("Some {++words.", "critic mark"),
        ("Some {--words.", "critic mark"),
        ("Some words--} here.", "critic mark"),
        ("Some {>>words.", "critic mark"),
        ("Some **words.", "emphasis"),
        ("Some _long words_ here.", "emphasis"),
        ("A | b | c.", "table"),
        ("A|b|", "table"),
        ("A </b> c.", "HTML tag"),
        ("A&nbsp;b.", "entity"),
        ("A &#39; b.", "entity"),
        ("A and nbsp; b.", "entity"),
        (r"So \alpha is.", "TeX"),
        ("A $$ b.", "TeX"),
        ("A %% b.", "comment mark"),
        ("[TOC]", "snippet"),
        ("export default a", "MDX"),
    ],
)
def test_markup_in_a_line_is_found(line: str, kind: str) -> None:
    """One sign is found in a line that would be said, whatever reads the text before."""
    script = Script((Line("", 0, Role.PARAGRAPH, line, 0.5),), ())
    assert kind in [found.kind for found in find_leftovers(script)]


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 to $10, f*** it, and *not really.",
        "He said :) and ;-) and 10:30:15, at a ratio of 16:9 (see [1]).",
        "Set x[1][2] to {1, 2, 3}; a|b, p || q, a => b and x == y, I <3 you.",
        "In C++ and C#, R&B and AT&T; at home [at last] and at fifty-fifty; $HOME/bin, 50% off.",
        "¯\\_(ツ)_/¯ -- she wrote -- and C:\\Users is a path; ~/inbox too.",
        "See https://example.com/a_b_c?x=[1]&y={2}#frag and mail ada@example.com.",
        "Note: the import of cars from Japan; the export of goods. 'Tis #1, #python, @ada.",
        "The '*' and the '**' of gs://bucket/**, __dirname, a <-- b --> c, Ada <i@example.com>.",
        "Match ^[a-z]+$ twice, and <!@ once.",
        "5 * 3 * 2 = 30, snake_case_name, __init__, and --dry-run.",
    ],
)
def test_words_are_no_leftovers(text: str) -> None:
    """Signs that people write in sentences are no markup."""
    assert leftovers(text) == []


CODE = (
    "for (i = 0; i < n; i++) { a[i] = `<b>${x}</b>`; } // **no** {{ x }} [[y]] \\frac{1}{2} ~~z~~"
)


def test_code_in_words_is_no_leftover() -> None:
    """Code that is said in words, in a sentence or whole, is no markup."""
    inline = "\n\n".join(f"Say ``` {part} ```." for part in CODE.split())
    assert leftovers(f"W.\n\n```js\n{CODE}\n{CODE}\n```\n\n{inline}", "a.md", code="read") == []


def test_foreign_code_is_no_leftover() -> None:
    """Code in a language whose signs stay as they are is no markup."""
    code = f"W.\n\n```\n{CODE}\n{CODE}\n```"
    assert leftovers(code, "a.md", code="read", language="fr") == []


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_good_posts_hold_none(path: Path) -> None:
    """Whole posts, and the documentation, raise no false alarm."""
    assert leftovers(path.read_text(encoding="utf-8"), path.name) == []


def test_leftover_names_its_place() -> None:
    """A leftover names its line, its block, and the words around it."""
    text = b"# T\n\nGood.\n\n> 1\n>\n> And [[a page]] of words that go on and on."
    document = read(text, "a.md", dialects_off=frozenset({"obsidian"}))
    found = find_leftovers(build_script(document, {}, Lexicon.parse([]), ReadingSettings()))
    (leftover,) = found
    assert (leftover.line, leftover.kind) == (3, "wiki link")
    assert "And [[a page]]" in leftover.text


def test_search_takes_linear_time() -> None:
    """Ten times the signs take about ten times the time."""

    def seconds(count: int) -> float:
        lines = (Line("", 0, Role.PARAGRAPH, part * count, 0.5) for part in NASTY)
        script = Script(tuple(lines), ())
        began = time.process_time()
        list(find_leftovers(script))
        return time.process_time() - began

    short, long = min(seconds(2_000) for _ in range(3)), min(seconds(20_000) for _ in range(3))
    assert long < 40 * short  # quadratic would be a hundred times; the rest is for the machine


NASTY = (
    "[",
    "{",
    "<a ",
    "*a",
    " | ",
    "$a",
    "_a",
    ":a",
    "\\a",
    "[at a ",
    "<b x=",
    "**",
    "{a",
    "import a",
    "~",
    "`",
)
