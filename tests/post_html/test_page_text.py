"""The text of a post on the page: its structure, and the marks of its spoken sentences."""

import pytest

from support.page_texts import html_of, marked, parsed, words_of

NOTES = "One[^a] and two[^b] and one more[^a].\n\n[^b]: Beta.\n[^a]: Alpha.\n"

CAPTIONED = """<figure><img src="https://a.org/cat.png" alt="A cat">
<figcaption>My <em>own</em> cat</figcaption></figure>"""
TABLE = """<table><caption>Prices</caption><tr><th>Sort<th>Euro</tr>
<tr><th rowspan="2">Black<td>2</tr><tr><td>3</tr></table>"""
STRUCTURE = [
    ("# Tea\n\n## Black\n\n### Assam\n\nIt is.\n", "h1", "Tea"),
    ("# Tea\n\n## Black\n\n### Assam\n\nIt is.\n", "h2 ~ h3", "Assam"),
    ("# Tea\n\n### Too deep\n\nIt is.\n", "h2", "Too deep"),
    ("# Tea\n\nHot *and* **strong**.\n", "p em", "and"),
    ("# Tea\n\nHot *and* **strong**.\n", "p strong", "strong"),
    ("# Tea\n\nHot ~~cold~~.\n", "p del", "cold"),
    ("# Tea\n\nRun `make tea`.\n", "p code", "make tea"),
    ("# Tea\n\nH<sub>2</sub>O at x<sup>2</sup>.\n", "p sub", "2"),
    ("# Tea\n\nH<sub>2</sub>O is 10<sup>6</sup>.\n", "p sup", "6"),
    ("# Tea\n\nA ==new== one.\n", "p mark", "new"),
    ("# Tea\n\nH~2~O is wet.\n", "p sub", "2"),
    ("# Tea\n\n<abbr title='Tea &amp; Co'>TC</abbr> is.\n", "abbr[title='Tea & Co']", "TC"),
    ("# Tea\n\nOne  \ntwo.\n", "p:has(br)", "One two."),
    ("# Tea\n\n- one\n- two\n", "ul > li:nth-child(2)", "two"),
    ("# Tea\n\n- one\n  - inner\n", "ul > li > ul > li", "inner"),
    ("# Tea\n\n3. one\n4. two\n", "ol[start='3'] > li", "one"),
    ("# Tea\n\n- [x] done\n- [ ] open\n", "li.task", "☑ done"),
    ("# Tea\n\n- one\n\n  more of it\n", "li > p + p", "more of it"),
    ("# Tea\n\n> Quoted.\n", "blockquote > p", "Quoted."),
    ("# Tea\n\n> [!WARNING]\n> Hot.\n", "div.admonition > p.admonition-title", "Warning"),
    ("# Tea\n\n```python\nx = 1\ny = 2\n```\n", "pre[title=python] > code", "x = 1 y = 2"),
    ("# Tea\n\n| A | B |\n|---|---|\n| 1 | 2 |\n", "thead th[scope=col]", "A"),
    ("# Tea\n\n| A | B |\n|---|---|\n| 1 | 2 |\n", "tbody td:nth-child(2)", "2"),
    ("# Tea\n\nOne.\n\n---\n\nTwo.\n", "hr ~ p", "Two."),
    ("# Tea\n\n$$x^2$$\n\nEnd.\n", "pre.math > code", "x^2"),
    ("# Tea\n\nIt is $x^2$ here.\n", "p code.math", "x^2"),
    (f"# Tea\n\n{NOTES}", "section.footnotes li:nth-child(1)", "Alpha. ↩ ↩"),
    (f"# Tea\n\n{NOTES}", "p sup a[href='#t-note-2']", "2"),
    (f"# Tea\n\n{NOTES}", "li#t-note-1 a.back[href='#t-call-1-2']", "↩"),
    ("# Tea\n\n[^z]: Nobody calls it.\n\nText.\n", "section.footnotes li", "Nobody calls it."),
    ("# Tea\n\n![A cat](cat.png)\n\nEnd.\n", "figure > figcaption", "A cat"),
    (f"# Tea\n\n{CAPTIONED}\n\nEnd.\n", "figure > figcaption", "My own cat"),
    (f"# Tea\n\n{CAPTIONED}\n\nEnd.\n", "figure > a[href$='cat.png']", "A cat"),
    (f"# Tea\n\n{TABLE}\n\nEnd.\n", "table > caption", "Prices"),
    (f"# Tea\n\n{TABLE}\n\nEnd.\n", "tbody th[scope=row][rowspan='2']", "Black"),
    (f"# Tea\n\n{TABLE}\n\nEnd.\n", "thead th[scope=col]", "Sort"),
    (f"# Tea\n\n{CAPTIONED}\n\n{TABLE}\n", "table > caption", "Prices"),
    (f"# Tea\n\n{CAPTIONED}\n\n{TABLE}\n", "figure > figcaption", "My own cat"),
    ("# Tea\n\nBlack\n: Strong.\n: Dark.\n\nEnd.\n", "dl > dt", "Black"),
    ("# Tea\n\nBlack\n: Strong.\n: Dark.\n\nEnd.\n", "dl > dt + dd + dd", "Dark."),
    ("# Tea\n\n[Go](#black-tea).\n\n## Black tea\n\nIt.\n", "p a[href='#t-h2']", "Go"),
    ("# Tea\n\n[Go](#nowhere) on.\n", "p:not(:has(a))", "Go on."),
    ("# Tea\n\n<p>A <span lang=fr>mot juste</span>.</p>\n", "span[lang=fr][dir=ltr]", "mot juste"),
]


@pytest.mark.parametrize(("source", "place", "expected"), STRUCTURE)
def test_structure_is_kept(source, place, expected):
    """Each part of a post is the element that a reader expects, with its words."""
    tree = parsed(html_of(source))
    found = tree.select_one(place)
    assert found is not None, str(tree)
    assert words_of(found) == expected


MARKS = [
    ("One is. Two is.", {1: "One is.", 2: "Two is."}),
    ("One *is. Two* is.", {1: "One is.", 2: "Two is."}),
    ("See [one. Two](https://a.b) is.", {1: "See one.", 2: "Two is."}),
    ("One[^a]. Two.\n\n[^a]: Note.", {1: "One.", 2: "Two.", 3: "Note."}),
    ("Not ~~this. That~~ one. Two.", {1: "Not this. That one.", 2: "Two."}),
    ("He said “no”. It’s &amp; was.", {1: "He said “no”.", 2: "It’s & was."}),
    ("About 8 GB of it. And 3 May.", {1: "About 8 GB of it.", 2: "And 3 May."}),
    ("One :tea: cup 🎉. Two.", {1: "One 🍵 cup 🎉.", 2: "Two."}),
    ("Here ![a cat](cat.png) sits. Two.", {1: "Here a cat sits.", 2: "Two."}),
    ("Here $x$ is. Two.", {1: "Here x is.", 2: "Two."}),
    ("- One. Two.\n- three.", {1: "One.", 2: "Two.", 3: "three."}),
    ("1. One. Two.\n2. Three.", {1: "One.", 2: "Two.", 3: "Three."}),
    ("- [x] One. Two.", {1: "One.", 2: "Two."}),
    ("> One. Two.\n>\n> Three.", {1: "One.", 2: "Two.", 3: "Three."}),
    ("> [!TIP]\n> One. Two.", {1: "One.", 2: "Two."}),
    ("これは本です。あれも本です。", {1: "これは本です。", 2: "あれも本です。"}),
    ("| A | B |\n|---|---|\n| 1 | 3 |\n| 4 | |", {1: "AB 13 4", 2: "13", 3: "4"}),
    ("```\nx = 1\ny = 2\n```", {1: "x = 1 y = 2"}),
    ("`make`\n\n```\nmake tea\n```", {1: "make", 2: "make tea"}),
    ("$$x^2$$", {1: "x^2"}),
    ("![A cat](cat.png)", {1: "A cat"}),
]


@pytest.mark.parametrize(("text", "expected"), MARKS)
def test_sentences_are_marked(text, expected):
    """Each sentence is marked at its words, or at what it announces."""
    found = marked(parsed(html_of(f"# Tea\n\n{text}\n")))
    del found[0]
    assert {number: " ".join(words.split()) for number, words in found.items()} == {
        number: " ".join(words.split()) for number, words in expected.items()
    }


CODE = "```\nx = 1\ny = 2\n```\n\n"
ROWS = "".join(f"| r{number} | s |\n" for number in range(1, 10))
LONG = "One is. Two is. Three is. Four is. Five is."
RUNS = [
    (f"{CODE}{CODE}<!-- c -->\n\n{CODE}Text.\n\n{CODE}", {}, "pre", ["1", "1", "1", "3"]),
    (f"{CODE}{CODE}", {"code": "announce"}, "pre", ["1", "2"]),
    (f"{CODE}Text.\n\n", {"code": "skip"}, "pre", [None]),
    ("![](a.png)\n\n![](b.png)\n\n![Cat](c.png)\n", {}, "figure", ["1", "1", "2"]),
    ("![](a.png)\n\n[^1]: ![](d.png)\n\n![](b.png)\n", {}, "figure", ["1", "1", None]),
    ("- [a](u)\n- [b](u)\n- [c](u)\n- [d](u)\n- [e](u)\n- [f](u)\n", {}, "ul", ["1"]),
    (f"> {LONG}\n", {}, "blockquote", ["1 7"]),
    (f"| A | B |\n|---|---|\n{ROWS}", {}, "table", ["1"]),
    (f"| A | B |\n|---|---|\n{ROWS}", {}, "tr", [None, *"23456", "7", "7", "7", "7"]),
    (f"| A | B |\n|---|---|\n{ROWS}", {"tables": "skip"}, "table", [None]),
    (CODE, {"code": "read"}, "pre", ["1 4"]),
    (CODE, {"code": "read"}, "pre span", ["2", "3"]),
    ("- [x] ---\n- One\n", {}, "li", [None, None]),
]


@pytest.mark.parametrize(("text", "chosen", "place", "numbers"), RUNS, ids=range(len(RUNS)))
def test_announced_blocks_are_marked(text, chosen, place, numbers):
    """What is told once, or in part, marks all that it tells of; what is skipped has no mark."""
    tree = parsed(html_of(f"# Tea\n\n{text}", **chosen))
    assert [each.get("data-s") for each in tree.select(place)] == numbers
