"""Runs of code, pictures and links with nothing said between them are told once."""

import pytest

from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, ReadingSettings, Role

LONG = "```python\none = 1\ntwo = 2\n```"
OUTPUT = "```\n5\n```"


def script(text, name="a.md", captions=None, **settings):
    document = read(text.encode(), name)
    return build_script(document, captions or {}, Lexicon.parse([]), ReadingSettings(**settings))


def said(text, name="a.md", captions=None, **settings):
    """The texts of the lines after the title."""
    lines = script(text, name, captions, **settings).lines
    return [line.text for line in lines if line.role is not Role.TITLE]


def in_a_row(*blocks):
    return "\n\n".join(blocks)


def items(*texts):
    return "".join(f"- {text}\n" for text in texts)


def test_run_of_code_is_told_once():
    """Several pieces of code are announced once, with their language if all share it."""
    assert said(in_a_row("W.", LONG, LONG)) == [
        "W.",
        "Two pieces of code in Python, four lines in all.",
    ]
    assert said(in_a_row(LONG, OUTPUT, LONG, OUTPUT, "W.")) == [
        "Four pieces of code, six lines in all.",
        "W.",
    ]


def test_words_between_end_a_run():
    """Code with words, a heading or a thematic break between is announced piece by piece."""
    for between in ("Words.", "## Words", "---"):
        texts = said(in_a_row("W.", LONG, between, LONG))
        assert texts.count("Code in Python, two lines.") == 2


def test_short_code_keeps_its_words():
    """Commands in a row are said in words, also beside one longer piece."""
    pieces = in_a_row("```\nmake demo\n```", "```\nmake test\n```")
    assert said(in_a_row(pieces, LONG)) == [
        "Code: make demo.",
        "Code: make test.",
        "Code in Python, two lines.",
    ]


def test_folded_code_is_listed():
    """Each piece of a run is listed like what is skipped, in its place."""
    found = script(in_a_row("W.", LONG, "<!-- c -->", LONG))
    assert sorted((one.block, one.kind) for one in found.skipped) == [
        (1, "code"),
        (2, "comment"),
        (3, "code"),
    ]
    assert found.skipped[0].text == "one = 1 two = 2"
    assert "told once" in found.skipped[0].reason


def test_code_announced_each_on_request():
    """`code: announce` announces each piece, as before there were runs."""
    assert said(in_a_row(LONG, LONG), code="announce") == ["Code in Python, two lines."] * 2


def test_code_says_its_first_line():
    """`code: first-line` says the first line after the announcement; an endless one is left out."""
    assert said(LONG, code="first-line") == [
        "Code in Python, two lines. First line: one equals one."
    ]
    assert said(f"```\n{'a ' * 99}\nb\n```", code="first-line") == ["Code, two lines."]


def test_code_in_a_list_is_one_run():
    """Pieces of code inside one item, or alone in the items of a list, are a run."""
    inner = LONG.replace("\n", "\n  ")
    once = "Two pieces of code in Python, four lines in all."
    assert said(f"- Words\n\n  {inner}\n\n  {inner}") == ["Words", once]
    assert said(f"- {inner}\n\n- {inner}") == [once]
    assert (
        said(f"> One. Two. Three. Four.\n>\n> {inner}\n>\n> {inner}".replace("\n  ", "\n> "))[2]
        == once
    )


def test_silent_pictures_are_counted():
    """Pictures with nothing to say are counted; one alone is announced."""
    assert said("![](a.png)") == ["An image."]
    row = in_a_row("![](a.png)", "![IMG_1234](b.png)", "![c_1](c_1.png)")
    assert said(row) == ["Three images."]
    assert said("![](a.png) ![](b.png)") == ["Two images."]


def test_told_pictures_are_each_said():
    """A picture with a caption, a title or a label is said also among others."""
    captions = {"a.png": Caption("A dog.")}
    row = in_a_row("![](a.png)", "![](b.png)", "![](c.png)", "![Rex](d.png)", "![cat](cat.png)")
    told = ["An image: A dog.", "Two images.", "An image: Rex.", "An image: cat."]
    assert said(row, captions=captions) == told


def test_undescribed_gallery_is_counted():
    """Colours are no words to a gallery: what no model described is counted, and listed."""
    captions = {
        "a.png": Caption("An image, wide, mostly blue."),
        "b.png": Caption("A photograph, tall."),
    }
    found = script(in_a_row("![](a.png)", "![](b.png)"), captions=captions)
    assert [line.text for line in found.lines[1:]] == ["Two images."]
    assert [skip.text for skip in found.skipped] == ["a.png", "b.png"]


def test_gallery_in_a_list_is_counted():
    """A gallery that is a list is told as a run."""
    figure = '<li><figure><img src="a.png"></figure></li>'
    assert said(f"<p>W.</p><ul>{figure * 3}</ul>", "a.html") == ["W.", "Three images."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://a.org/x\n\nhttps://b.org/y", "Two links."),
        ("<https://a.org/x> <https://b.org/y>", "Two links."),
        (items(*(f"[Part number {at}](#part-{at})" for at in range(9))), "Nine links."),
        ("[Home](/) | [About](/about) | [Archive](/archive)", "Three links."),
        (items(*(f"[Site {at}](http://{at}.org)" for at in range(40))), "Forty links."),
        ("[1](a) [2](b)\n[3](c)", "Three links."),
    ],
)
def test_untitled_links_are_counted(text, told):
    """Addresses, a table of contents, navigation and a link farm are told once."""
    found = script(in_a_row("W.", text, "End."))
    assert [line.text for line in found.lines[1:]] == ["W.", told, "End."]
    assert {skip.kind for skip in found.skipped} == {"links"}


@pytest.mark.parametrize(
    "text",
    [
        "https://a.org/x",
        items("[A Tour of Go](a)", "[The Rust Book](b)", "[Learn You a Haskell](c)"),
        items("[Clojure](a)", "[Haskell](b)", "[Elm](c)"),
        items("[One](a), the first", "[Two](b), the second", "[Three](c), the third"),
        "[Read more about Elm](a)",
    ],
)
def test_links_with_titles_are_read(text):
    """A reading list, a few names, links with words beside them, and one link are read."""
    found = script(in_a_row("W.", text, "End."))
    assert not found.skipped
    assert len(found.lines) == 3 + max(1, text.count("\n"))


def test_links_are_read_on_request():
    """`links: text` reads each link, as before there were runs."""
    assert said("<https://a.org/x>\n\n<https://b.org/y>", links="text") == [
        "a dot org slash x",
        "b dot org slash y",
    ]


def rows(count, **settings):
    text = "| A |\n|---|\n" + "".join(f"| {at} |\n" for at in range(1, count + 1))
    return said(text, **settings)


def test_long_table_says_first_rows():
    """A long table says its first rows, and how many more there are."""
    texts = rows(40)
    assert len(texts) == 7
    assert texts[-2:] == ["A: five.", "And thirty-five more rows."]
    assert rows(40, tables=12)[-1] == "And twenty-eight more rows."


def test_slightly_longer_table_is_whole():
    """A table that is one or two rows longer is read whole, and any with `all`."""
    assert rows(7)[-1] == "A: seven."
    assert rows(8)[-1] == "And three more rows."
    assert rows(40, tables="all")[-1] == "A: forty."


def test_unread_rows_are_listed():
    """Rows that are not read are listed; `skip` lists the table."""
    text = "| A |\n|---|\n" + "| word |\n" * 20
    (skip,) = script(text).skipped
    assert (skip.kind, skip.block) == ("table", 0)
    assert "tables: 5" in skip.reason
    found = script(f"W.\n\n{text}", tables="skip")
    assert [line.text for line in found.lines[1:]] == ["W."]
    assert found.skipped[0].kind == "table"
