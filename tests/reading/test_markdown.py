"""Markdown becomes blocks, with whatever HTML its author put between."""

import time

import pytest

from narrated.errors import SourceError
from narrated.reading.document import (
    Cell,
    Code,
    Deleted,
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
    plain,
)
from narrated.reading.markdown import blocks


def read(text):
    return blocks(text, "a.md")


def paragraph(text, part=""):
    return Paragraph((Text(text),), part)


def test_inline_markup_is_kept():
    """Running text keeps code, links and emphasis."""
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


def test_entities_become_characters():
    """Entities become the characters they stand for."""
    assert read("&lt;b&gt; &amp; &eacute;") == (paragraph("<b> & é"),)


def test_lists_keep_nesting_and_start():
    """Lists keep their nesting and their first number."""
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


def test_code_keeps_its_empty_lines():
    """Code keeps its language and its empty lines."""
    assert read("```python title=x\na\n\n<b>\n```") == (Code("a\n\n<b>", "python"),)
    assert read("    a\n    b") == (Code("a\nb"),)


def test_a_table_has_header_and_rows():
    (table,) = read("| a | b |\n|---|---|\n| *c* |  |")
    assert table == Table(
        (Cell((Text("a"),)), Cell((Text("b"),))),
        ((Cell((Emphasis((Text("c"),)),)), Cell(())),),
    )


def test_lone_picture_is_a_block():
    """A picture alone is a block; a picture in a sentence is not."""
    assert read('![alt](a.png "t")') == (Picture("a.png", "alt", "t"),)
    assert read("[![alt](a.png)](b)") == (Picture("a.png", "alt"),)
    (found,) = read("See ![alt](a.png) there")
    assert found.spans[1] == InlinePicture("a.png", "alt")


def test_footnotes_stay_in_place():
    """Footnotes stay where they are written, called or not."""
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


def test_raw_html_is_read_as_shown():
    """Raw HTML is read as the page would show it."""
    found = read('<div class="note">\n\n*Words* here\n\n</div>\n\n<blockquote>Said</blockquote>')
    assert plain(found[0].spans) == "Words here"
    assert found[1] == Quote((paragraph("Said"),))


def test_nested_highlighting_is_code():
    """Highlighted code in nested elements is code."""
    html = '<div><div><pre lang="c"><span class="k">int</span> <span>x</span>;</pre></div></div>'
    assert read(html) == (Code("int x;", "c"),)


def test_empty_line_keeps_code_open():
    """An empty line in highlighted code does not end it."""
    found = read("<div><pre><span>a</span>\n\n    b</pre></div>\n\nWords *after*.")
    assert found[0] == Code("a\n\n    b")
    assert plain(found[1].spans) == "Words after."


def test_unclosed_code_ends_at_gap():
    """Code left open does not take the rest of the post."""
    found = read("<div><pre>a\n\nWords after.")
    assert found == (Code("a"), paragraph("Words after."))


def test_text_like_a_tag_is_words():
    """Text that only looks like a tag is words."""
    assert read("A List<String> and a <script> tag.") == (
        paragraph("A List<String> and a <script> tag."),
    )


def test_closed_script_is_not_words():
    """A script that ends is not words."""
    found = read("Before <script>alert(1)</script> after.")
    assert plain(found[0].spans) == "Before after."
    assert isinstance(found[1], Unspoken)
    assert found[1].text == "alert(1)"


def test_comment_keeps_sentence_whole():
    """A comment is listed and does not split its sentence."""
    found = read("Before <!-- hidden --> after.")
    assert plain(found[0].spans) == "Before after."
    assert found[1].kind == "comment"
    assert found[1].text == "hidden"


def test_tasks_lose_their_marks():
    """Tasks record if they are done and lose their marks."""
    (found,) = read("- [x] *a*\n- [ ] b\n- c\n- [X]d\n- [ ](u) e\n\n1. [X] f")[:1]
    assert [item.done for item in found.items] == [True, False, None, None, None]
    assert found.items[0].blocks == (Paragraph((Emphasis((Text("a"),)),)),)
    assert found.items[1].blocks == (paragraph("b"),)
    assert read("1. [X] f\n\n   g")[0].items[0] == Item((paragraph("f"), paragraph("g")), True)


def test_definition_list_keeps_order():
    """A definition list gives its terms and definitions in order."""
    assert read("Term *one*\n: First.\n: Second.\n\n  More.\n\nTwo\n: Third.") == (
        Paragraph((Text("Term "), Emphasis((Text("one"),))), "term"),
        *(paragraph(text, "definition") for text in ("First.", "Second.", "More.")),
        paragraph("Two", "term"),
        paragraph("Third.", "definition"),
    )


@pytest.mark.parametrize(
    "written", ["~~old *way*~~", "<del>old <i>way</i></del>", "<s>old <em>way</em></s>"]
)
def test_struck_out_words_are_marked(written):
    """Struck-out words are told from others."""
    (found,) = read(f"The {written} new one.")
    assert found.spans[1] == Deleted((Text("old "), Emphasis((Text("way"),))))


def test_struck_out_paragraphs():
    """Each of several struck-out paragraphs is struck out."""
    assert read("<del>\n\nOne.\n\nTwo.\n\n</del>") == (
        Paragraph((Deleted((Text("One."),)),)),
        Paragraph((Deleted((Text("Two."),)),)),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10<sup>6</sup> bytes", "10^6 bytes"),
        ("10<sup>−6</sup>", "10^-6"),
        ("x<sup>2</sup> and m<sup>3</sup>", "x² and m³"),
        ("5 km<sup>2</sup>", "5 km²"),
        ("2<sup>n</sup>", "2^n"),
        ("1<sup>st</sup> and 2<sup>e</sup>", "1st and 2e"),
        ("words<sup>2</sup>", "words2"),
        ("H<sub>2</sub>O", "H2O"),
    ],
)
def test_superscript_number_is_exponent(written, meant):
    """A superscript number after a number or a letter is an exponent."""
    (found,) = read(written)
    assert plain(found.spans) == meant


def test_linked_number_is_no_exponent():
    """A number is an exponent after emphasised letters too; a link calls a note."""
    assert plain(read("*x*<sup>2</sup>")[0].spans) == "x²"
    assert plain(read('in 1984<sup><a href="#a">3</a></sup>')[0].spans) == "in 1984"


def test_a_tag_without_end_is_words():
    assert read("<div class\n*hi*\n\nafter") == (paragraph("<div class *hi*"), paragraph("after"))


def test_instructions_are_listed_whole():
    """Instructions to programs are listed whole."""
    php, after = read("<?php echo '>'; ?>\n\nWords.")
    assert (php.kind, php.text) == ("comment", "?php echo '>'; ?")
    assert after == paragraph("Words.")
    found = read("So <![CDATA[a > b]]> it is.")
    assert plain(found[0].spans) == "So it is."
    assert "a > b" in found[1].text


@pytest.mark.parametrize(
    "text",
    [">" * 100_000, "- " * 50_000 + "x", "<div>" * 10_000 + "x", "*a **b " * 2_000],
)
def test_endless_nesting_never_hangs(text):
    """Endless nesting is refused or read, but never hangs."""
    try:
        found = read(text)
    except SourceError as error:
        assert "a.md" in error.problem
    else:
        assert found


def test_thirty_list_levels_are_kept():
    """A list of thirty levels loses nothing."""
    text = "\n".join(f"{'  ' * level}- level{level}" for level in range(30))
    assert "level29" in str(read(text))


def test_unclosed_code_is_searched_once():
    """Code left open a thousand times is searched once."""
    spent_s = []
    for times in (500, 5000):
        began_s = time.process_time()
        read("<p><pre>a\n\n" * times)
        spent_s.append(time.process_time() - began_s)
    assert spent_s[1] < 30 * spent_s[0]


def test_code_in_divs_is_code():
    """Code laid out in divisions without `pre` is code."""
    html = '<div class="code"><div><span>def</span> f():</div><div>  return 1</div></div>'
    assert read(html) == (Code("def f():\n  return 1"),)


def test_div_with_text_is_not_code():
    """A division with a code block's class name that holds a text is not code."""
    (found,) = read('<div class="highlight"><p>Words <span>here</span>.</p></div>')
    assert plain(found.spans) == "Words here."


def test_refused_address_keeps_words():
    """A link with an address that browsers refuse keeps its words."""
    (found,) = read("[click](javascript:void(0)) here")
    assert plain(found.spans) == "click here"


def test_unclosed_math_takes_nothing():
    """A formula's tag that is left open takes no text with it."""
    assert read("The <math> tag is new.") == (paragraph("The <math> tag is new."),)


def test_heading_drops_its_attributes():
    """The attributes after a heading are no words of it."""
    (found,) = read("## Words {#words .big}")
    assert plain(found.spans) == "Words"
    (found,) = read("## Sets {a, b}")
    assert plain(found.spans) == "Sets {a, b}"


@pytest.mark.parametrize(
    "html", ["<br />", "<br>\n<br>", "<div>", "</div>", '<a name="x"></a>', "<hr>"]
)
def test_code_may_follow_html(html):
    """A fence right under a line of HTML begins code."""
    code = "```lisp\n(a)\n\n| b | c |\n```"
    assert Code("(a)\n\n| b | c |", "lisp") in read(f"{html}\n{code}\n\nAfter.")
    assert read(f"{html}\n{code}\n\nAfter.")[-1] == paragraph("After.")


def test_open_fence_in_html_is_text():
    """A fence without an end under a line of HTML swallows nothing."""
    assert read("<br>\n```\nOne.\n\nTwo.")[-1] == paragraph("Two.")
    assert Code("```\na\n```") in read("<pre>\n```\na\n```\n</pre>")


def test_own_elements_need_their_end():
    """An element of the site with its end is silent, its words stay; alone it is a word."""
    assert blocks("<is-land on:visible>Words</is-land>", "a.md") == (Paragraph((Text("Words"),)),)
    assert blocks("Clone <your-name> now.", "a.md") == (
        Paragraph((Text("Clone <your-name> now."),)),
    )
