"""Sources that want to cost more than they weigh: each is read or refused by name, in bounds.

The bounds are some ten times what each takes, and far below what a pass over it all for each of
its pieces would take.
"""

import gc
import time
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from narrated.errors import SourceError
from narrated.reading.source_reader import read

MATH = "<script type=math/tex>x</script>"
POSTS = {
    "a line of five megabytes": ("word " * 1_000_000, 5),
    "a word of five megabytes": ("a" * 5_000_000, 5),
    "brackets without end": ("[" * 100_000, 5),
    "pictures without end": ("![" * 100_000, 5),
    "notes without end": ("a^[" * 50_000, 5),
    "CDATA without end": ("a <![CDATA[ " * 50_000, 10),
    "comments without end": ("a <!-- b " * 50_000, 10),
    "blocks of programs without end": ("<?a " * 100_000, 5),
    "tags without end": ("<a " * 100_000, 10),
    "tags cut off": ("<div>\n" + "<a " * 100_000, 5),
    "links half done": ("[a](" * 20_000, 10),
    "backticks of every length": ("".join("`" * length + " " for length in range(1, 1500)), 10),
    "emphasis without end": ("*a **b " * 20_000, 20),
    "tasks": ("- [x] a\n" * 10_000, 20),
    "definitions": ("a\n: b\n\n" * 5_000, 15),
    "dollars": ("$a " * 50_000, 10),
    "tables": ("|a|\n|-|\n\n" * 3_000, 20),
    "exponents": ("10<sup>6</sup> " * 10_000, 10),
    "spaces": (" " * 1_000_000 + "a", 5),
    "entities": ("&amp;" * 100_000, 10),
    "raised without end": ("<sup>" * 50_000, 10),
    "notes called and written": ("a[^1]\n\n[^1]: b\n\n" * 2_000, 10),
    "references": ("[x][y] " * 20_000, 15),
}
PAGES = {
    "a line of five megabytes": ("word " * 1_000_000, 10),
    "a text of twelve megabytes": ("<p>" + "a" * 12_000_000, 10),
    "elements without end": ("<div>" * 100_000, 20),
    "emphasis around paragraphs": ("<b>a<p>" * 2_000, 10),
    "formulas": ("<p>a" + "<span class=katex><math><mi>x</mi></math></span>" * 5_000, 15),
    "formulas and their programs": ("<p>a" + f"<span class=MathJax>x</span>{MATH}" * 5_000, 15),
    "previews before one program": ("<p>a" + "<i class=MathJax>x</i>" * 20_000 + MATH, 15),
    "drawings without end": ("a<svg><![CDATA[" * 50_000, 10),
    "rows": ("<table>" + "<tr><td>a" * 10_000, 20),
    "tables in tables": ("<table>stray<tr><td>" * 40, 5),
    "menus in menus": ("<div class=nav><p>a" * 70, 5),
    "attributes": ("<p " + " ".join(f"a{number}=b" for number in range(50_000)) + ">x", 10),
    "classes": ("<p class='" + "a " * 300_000 + "'>x", 10),
    "looks": ("<p style='" + "display " * 100_000 + "'>a", 10),
    "paragraphs around an article": (
        "<p>a" * 20_000 + "<article>b</article>" + "<p>c" * 20_000,
        20,
    ),
    "struck-out in struck-out": ("<del><p>a" * 70, 5),
    "items": ("<ul>" + "<li><input type=checkbox>a" * 10_000, 10),
    "angles": ("<" * 1_000_000, 5),
    "comments": ("<p>a" + "<!-- b -->" * 20_000, 10),
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
def test_enemy_is_read_or_refused(text, name, most_s):
    """A hostile text is read, or refused by name, in bounded time."""
    began_s = time.process_time()
    try:
        assert read(text.encode(), name).blocks
    except SourceError as error:
        assert name in error.problem
        assert error.remedy
    assert time.process_time() - began_s < most_s


@pytest.mark.parametrize("name", ["a.md", "a.html"])
def test_huge_element_is_read_whole(name):
    """A text of twelve megabytes in one element is read to its end."""
    document = read(b"<p>" + b"a " * 6_000_000 + b"end.</p>", name)
    assert document.blocks[-1].spans[-1].text.endswith("a end.")


def test_reading_costs_few_parses():
    """Reading a post costs a few times as much as parsing it."""
    post = "So *it* goes, and [on](u) `it` goes. " * 10 + "\n\n## And on\n\n- item\n- item\n\n"
    text = post * 200
    # The best of some: what else runs on the machine costs at random.
    parsed_s = min(_cost_s(lambda: MarkdownIt().parse(text)) for _ in range(3))
    assert min(_cost_s(lambda: read(text.encode(), "a.md")) for _ in range(3)) < 6 * parsed_s


def _cost_s(work: Callable[[], object]) -> float:
    gc.collect()
    began_s = time.process_time()
    work()
    return time.process_time() - began_s
