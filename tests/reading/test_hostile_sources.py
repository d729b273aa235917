"""Hostile sources, which cost more than their size: each is read or refused by name, in bounds.

The bounds are some ten times what each takes. A pass over it all for each of the pieces shows in
how the cost grows.
"""

import gc
import time
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from narrated.errors import SourceError
from narrated.reading.source_reader import read

NOTICED_S = 0.5
MOST_GROWTH = 8
MATH = "<script type=math/tex>x</script>"
POSTS = {
    "a line of five megabytes": ("word " * 1_000_000, 5),
    "a word of five megabytes": ("a" * 5_000_000, 5),
    "brackets without end": ("[" * 40_000, 4),
    "pictures without end": ("![" * 40_000, 4),
    "notes without end": ("a^[" * 20_000, 4),
    "CDATA without end": ("a <![CDATA[ " * 20_000, 5),
    "comments without end": ("a <!-- b " * 20_000, 5),
    "blocks of programs without end": ("<?a " * 40_000, 4),
    "tags without end": ("<a " * 40_000, 5),
    "tags cut off": ("<div>\n" + "<a " * 40_000, 4),
    "links half done": ("[a](" * 8_000, 5),
    "backticks of every length": ("".join("`" * length + " " for length in range(1, 1500)), 10),
    "emphasis without end": ("*a **b " * 8_000, 10),
    "tasks": ("- [x] a\n" * 4_000, 10),
    "definitions": ("a\n: b\n\n" * 5_000, 15),
    "dollars": ("$a " * 20_000, 5),
    "tables": ("|a|\n|-|\n\n" * 3_000, 20),
    "exponents": ("10<sup>6</sup> " * 4_000, 5),
    "spaces": (" " * 1_000_000 + "a", 5),
    "entities": ("&amp;" * 40_000, 5),
    "raised without end": ("<sup>" * 20_000, 5),
    "notes called and written": ("a[^1]\n\n[^1]: b\n\n" * 800, 5),
    "calls by hand": ("a[1](#fn1)<a id=fn1></a>[^](#r)\n" * 2_000, 10),
    "notes by hand": (
        "".join(f"a[1](#fn{at})\n\n1 - <a id=fn{at}></a>[^](#r) b\n\n" for at in range(800)),
        10,
    ),
    "lines of notes": (
        "".join(f"a[1](#fn{at})\n" for at in range(1_500))
        + "\n"
        + "".join(f"1 <a id=fn{at}></a>[^](#r) b\n" for at in range(1_500)),
        10,
    ),
    "divs without end": ("::: {.x}\n" * 4_000, 10),
    "divs": ("::: {.x}\n:::\n" * 4_000, 10),
    "grid tables": ("+--+\n|a |\n" * 3_000, 10),
    "tables of dashes": ("a a\n-- --\n" * 3_000, 10),
    "frames of dashes": ("----------\na\n-- --\nb\n" * 2_000, 10),
    "citations": ("[@a; " * 8_000, 10),
    "spans": ("[a]{.b} " * 4_000, 10),
    "open formulas": ("\\(a\\[b\n" * 4_000, 10),
    "environments without end": ("\\begin{align}\n" * 3_000, 10),
    "marks of an editor without end": ("{++a {--b {>>c " * 3_000, 10),
    "shortcodes in brackets": ('[caption]a[b c="' * 4_000, 10),
    "fences under HTML": ("<br>\n```\n" * 4_000, 10),
    "references": ("[x][y] " * 8_000, 7),
}
PAGES = {
    "a line of five megabytes": ("word " * 1_000_000, 10),
    "a text of twelve megabytes": ("<p>" + "a" * 12_000_000, 10),
    "elements without end": ("<div>" * 40_000, 10),
    "emphasis around paragraphs": ("<b>a<p>" * 2_000, 10),
    "formulas": ("<p>a" + "<span class=katex><math><mi>x</mi></math></span>" * 2_000, 7),
    "formulas and their programs": ("<p>a" + f"<span class=MathJax>x</span>{MATH}" * 2_000, 7),
    "previews before one program": ("<p>a" + "<i class=MathJax>x</i>" * 20_000 + MATH, 15),
    "drawings without end": ("a<svg><![CDATA[" * 20_000, 5),
    "rows": ("<table>" + "<tr><td>a" * 4_000, 10),
    "tables in tables": ("<table>stray<tr><td>" * 40, 5),
    "menus in menus": ("<div class=nav><p>a" * 70, 5),
    "attributes": ("<p " + " ".join(f"a{number}=b" for number in range(20_000)) + ">x", 5),
    "classes": ("<p class='" + "a " * 120_000 + "'>x", 5),
    "looks": ("<p style='" + "display " * 100_000 + "'>a", 10),
    "paragraphs around an article": (
        "<p>a" * 20_000 + "<article>b</article>" + "<p>c" * 20_000,
        20,
    ),
    "struck-out in struck-out": ("<del><p>a" * 70, 5),
    "items": ("<ul>" + "<li><input type=checkbox>a" * 4_000, 5),
    "links in links": ("<a href=#x>" * 20_000, 10),
    "raised numbers": ("a<sup>1</sup>" * 8_000, 10),
    "angles": ("<" * 400_000, 4),
    "comments": ("<p>a" + "<!-- b -->" * 8_000, 5),
}
CASES = [
    *(
        pytest.param(text, "a.md", most_s, id=f"post: {what}")
        for what, (text, most_s) in POSTS.items()
    ),
    *(
        pytest.param(text, "a.html", most_s, id=f"page: {what}")
        for what, (text, most_s) in PAGES.items()
    ),
    pytest.param("a " * 3_000_000, "a.txt", 5, id="text: a line of six megabytes"),
    pytest.param("\n" * 5_000_000 + "a", "a.txt", 5, id="text: empty lines"),
    pytest.param(" \n" * 1_000_000 + "a", "a.txt", 5, id="text: lines of spaces"),
]


@pytest.mark.parametrize(("text", "name", "most_s"), CASES)
def test_source_is_read_or_refused(text, name, most_s):
    """A hostile text is read, or refused by name, in time that grows with its length alone."""
    spent_s = _cost_s(lambda: _read_or_refused(text, name))
    assert spent_s < most_s
    assert spent_s < NOTICED_S or _grows_linearly(text, name, spent_s)


def _grows_linearly(text: str, name: str, spent_s: float) -> bool:
    """Compare the cost of a text with that of its first quarter: 4 if linear, 16 if quadratic.

    What else runs on the machine costs at random, so the best of three tries counts.
    """
    for _ in range(3):
        if spent_s < MOST_GROWTH * _cost_s(lambda: _read_or_refused(text[: len(text) // 4], name)):
            return True
        spent_s = _cost_s(lambda: _read_or_refused(text, name))
    return False


def _read_or_refused(text: str, name: str) -> None:
    try:
        assert read(text.encode(), name).blocks
    except SourceError as error:
        assert name in error.problem
        assert error.remedy


@pytest.mark.parametrize("name", ["a.md", "a.html"])
def test_huge_element_is_read_whole(name):
    """A text of twelve megabytes in one element is read to its end."""
    document = read(b"<p>" + b"a " * 6_000_000 + b"end.</p>", name)
    assert document.blocks[-1].spans[-1].text.endswith("a end.")


def test_reading_costs_few_parses():
    """Reading a post costs a few times as much as parsing it."""
    post = "So *it* goes, and [on](u) `it` goes. " * 10 + "\n\n## And on\n\n- item\n- item\n\n"
    text = post * 30
    # The best of some: what else runs on the machine costs at random.
    parsed_s = min(_cost_s(lambda: MarkdownIt().parse(text)) for _ in range(3))
    assert min(_cost_s(lambda: read(text.encode(), "a.md")) for _ in range(3)) < 6 * parsed_s


def _cost_s(work: Callable[[], object]) -> float:
    gc.collect()
    began_s = time.process_time()
    work()
    return time.process_time() - began_s
