"""Markdown becomes blocks, with whatever HTML its author put between."""

import time

import pytest

from narrated.errors import SourceError
from narrated.reading.document import (
    Cell,
    Code,
    Emphasis,
    Footnote,
    FootnoteMark,
    InlineCode,
    InlineMath,
    InlinePicture,
    Item,
    Link,
    Listing,
    Math,
    Paragraph,
    Picture,
    Quote,
    Table,
    Text,
    Unspoken,
)
from narrated.reading.markdown import blocks
from narrated.reading.title import plain


def read(text):
    return blocks(text, "a.md")


def paragraph(text):
    return Paragraph((Text(text),))


def test_running_text_keeps_code_links_and_emphasis():
    (found,) = read("So `x` *is*\n**very** [well *known*](http://a.b).")
    assert found.spans == (
        Text("So "),
        InlineCode("x"),
        Text(" "),
        Emphasis((Text("is"),)),
        Text(" "),
        Emphasis((Text("very"),), strong=True),
        Text(" "),
        Link((Text("well "), Emphasis((Text("known"),))), "http://a.b"),
        Text("."),
    )


def test_entities_are_the_signs_they_mean():
    assert read("&lt;b&gt; &amp; &eacute;") == (paragraph("<b> & é"),)


def test_lists_keep_their_nesting_and_their_first_number():
    assert read("3. a\n4. b\n   - c\n\n     d") == (
        Listing(
            (
                Item((paragraph("a"),)),
                Item((paragraph("b"), Listing((Item((paragraph("c"), paragraph("d"))),)))),
            ),
            ordered=True,
            start=3,
        ),
    )


def test_code_keeps_its_language_and_its_empty_lines():
    assert read("```python title=x\na\n\n<b>\n```") == (Code("a\n\n<b>", "python"),)
    assert read("    a\n    b") == (Code("a\nb"),)


def test_a_table_has_header_and_rows():
    (table,) = read("| a | b |\n|---|---|\n| *c* |  |")
    assert table == Table(
        (Cell((Text("a"),)), Cell((Text("b"),))),
        ((Cell((Emphasis((Text("c"),)),)), Cell(())),),
    )


def test_a_picture_alone_stands_by_itself_and_one_in_a_sentence_does_not():
    assert read('![alt](a.png "t")') == (Picture("a.png", "alt", "t"),)
    assert read("[![alt](a.png)](b)") == (Picture("a.png", "alt"),)
    (found,) = read("See ![alt](a.png) there")
    assert found.spans[1] == InlinePicture("a.png", "alt")


def test_footnotes_stay_where_they_are_written_called_or_not():
    found = read(
        "A[^note-7] b.\n\n[^note-7]: Said.\n\n    Twice.\n\n[^no]: Never.\n\nC^[in place]."
    )
    assert FootnoteMark("note-7") in found[0].spans
    assert found[1] == Footnote("note-7", (paragraph("Said."), paragraph("Twice.")))
    assert found[2] == Footnote("no", (paragraph("Never."),))
    (mark,) = [span for span in found[3].spans if isinstance(span, FootnoteMark)]
    assert found[4] == Footnote(mark.label, (paragraph("in place"),))


def test_formulas_are_told_from_dollars():
    assert read("$$\na^2\n$$") == (Math("a^2"),)
    (found,) = read("Say $x_1$ there")
    assert found.spans[1] == InlineMath("x_1")
    assert read("It costs $5 or $HOME:$PATH.") == (paragraph("It costs $5 or $HOME:$PATH."),)


def test_raw_html_is_read_as_the_page_would_show_it():
    found = read('<div class="note">\n\n*Words* here\n\n</div>\n\n<blockquote>Said</blockquote>')
    assert plain(found[0].spans) == "Words here"
    assert found[1] == Quote((paragraph("Said"),))


def test_highlighted_code_in_nested_elements_is_code():
    html = '<div><div><pre lang="c"><span class="k">int</span> <span>x</span>;</pre></div></div>'
    assert read(html) == (Code("int x;", "c"),)


def test_an_empty_line_in_highlighted_code_does_not_end_it():
    found = read("<div><pre><span>a</span>\n\n    b</pre></div>\n\nWords *after*.")
    assert found[0] == Code("a\n\n    b")
    assert plain(found[1].spans) == "Words after."


def test_code_left_open_does_not_take_the_rest_of_the_post():
    found = read("<div><pre>a\n\nWords after.")
    assert found == (Code("a"), paragraph("Words after."))


def test_what_only_looks_like_a_tag_is_words():
    assert read("A List<String> and a <script> tag.") == (
        paragraph("A List<String> and a <script> tag."),
    )


def test_a_script_that_ends_is_not_words():
    found = read("Before <script>alert(1)</script> after.")
    assert plain(found[0].spans) == "Before after."
    assert isinstance(found[1], Unspoken)
    assert found[1].text == "alert(1)"


def test_comments_are_listed_and_do_not_part_a_sentence():
    found = read("Before <!-- hidden --> after.")
    assert plain(found[0].spans) == "Before after."
    assert found[1].kind == "comment"
    assert found[1].text == "hidden"


@pytest.mark.parametrize(
    "text",
    [">" * 100_000, "- " * 50_000 + "x", "<div>" * 10_000 + "x", "*a **b " * 2_000],
)
def test_nesting_without_end_is_refused_or_read_but_never_hangs(text):
    try:
        found = read(text)
    except SourceError as error:
        assert "a.md" in error.problem
    else:
        assert found


def test_a_long_list_of_thirty_levels_loses_nothing():
    text = "\n".join(f"{'  ' * level}- level{level}" for level in range(30))
    assert "level29" in str(read(text))


def test_code_left_open_a_thousand_times_is_searched_once():
    spent_s = []
    for times in (500, 5000):
        began_s = time.process_time()
        read("<p><pre>a\n\n" * times)
        spent_s.append(time.process_time() - began_s)
    assert spent_s[1] < 30 * spent_s[0]
