"""HTML pages: their article, not their menus; their blocks, whatever elements hold them."""

import pytest

from narrated.errors import SourceError
from narrated.reading.document import (
    Code,
    Footnote,
    FootnoteMark,
    Heading,
    Item,
    LineBreak,
    Listing,
    Math,
    Paragraph,
    Picture,
    Table,
    Text,
    Unspoken,
)
from narrated.reading.markup import page
from narrated.reading.title import plain


def read(html):
    return page(html, "a.html")[1]


def spoken(html):
    return [block for block in read(html) if not isinstance(block, Unspoken)]


def paragraph(text):
    return Paragraph((Text(text),))


def test_the_article_is_read_and_what_is_around_it_is_listed():
    found = read(
        "<body><nav>Menu</nav><article><h1>T</h1><p>Words.</p></article><footer>F</footer>"
    )
    assert found[:2] == (Heading(1, (Text("T"),)), paragraph("Words."))
    assert [(block.reason, block.text) for block in found[2:]] == [
        ("before the page's article", "Menu"),
        ("after the page's article", "F"),
    ]


def test_what_is_listed_around_an_article_is_text_without_title_looks_and_programs():
    looks = "<style>p { color: red }</style><script>let a = 1</script><template>t</template>"
    found = read(
        f"<head><title>T</title>{looks}</head><body>{looks}<!-- c --><p>Over<b>head</b>"
        f"<main><p>Words.</p></main><p>Under <i>all</i>{looks}</p>"
    )
    assert found[0] == paragraph("Words.")
    assert [block.text for block in found[1:]] == ["Over head", "Under all"]


@pytest.mark.parametrize("around", ["<article>{}</article>", "<div role=main>{}</div>"])
def test_an_article_with_nothing_around_it_leaves_nothing_out(around):
    html = f"<title>T</title><body>{around.format('<p>Words.</p>')}"
    assert read(html) == (paragraph("Words."),)


def test_a_page_without_article_is_read_without_head_foot_and_menu():
    html = "<body><header>H</header><nav>N</nav><p>Words.</p><aside>A</aside><footer>F</footer>"
    assert spoken(html) == [paragraph("Words.")]
    assert {block.text for block in read(html) if isinstance(block, Unspoken)} == set("HNAF")


def test_a_page_of_several_articles_is_read_whole():
    html = "<main><article><p>One.</p></article><article><p>Two.</p></article></main>"
    assert spoken(html) == [paragraph("One."), paragraph("Two.")]


def test_the_page_s_title_is_found():
    assert page("<title> The\n page </title><p>x", "a.html")[0] == "The page"


def test_text_beside_blocks_is_not_lost():
    assert spoken("<div>Before<p>Inside</p>After <b>all</b></div>")[0] == paragraph("Before")
    assert plain(spoken("<div>Before<p>Inside</p>After <b>all</b></div>")[2].spans) == "After all"


def test_a_block_inside_a_link_or_span_is_still_a_block():
    assert spoken("<a href=x><h2>T</h2></a><span><div>Words</div></span>") == [
        Heading(2, (Text("T"),)),
        paragraph("Words"),
    ]


def test_lists_written_carelessly_lose_no_item():
    listing, stray = spoken("<ul>stray<li>a<ul><li>b</ul></li><ul><li>c</ul></ul>")
    first = Item((paragraph("a"), Listing((Item((paragraph("b"),)),))))
    second = Item((Listing((Item((paragraph("c"),)),)),))
    assert listing == Listing((first, second))
    assert stray == paragraph("stray")


@pytest.mark.parametrize(
    "html",
    [
        '<pre><code class="language-python">x</code></pre>',
        '<pre class="python sourceCode"><code class="sourceCode python">x</code></pre>',
        '<div class="highlight highlight-source-python"><pre>x</pre></div>',
        '<div class="highlight-python notranslate"><div class="highlight"><pre>x</pre></div></div>',
        '<pre class="brush: python">x</pre>',
    ],
)
def test_the_language_of_code_is_found_in_the_ways_that_tools_name_it(html):
    (found,) = spoken(html)
    assert found == Code("x", "python")


def test_code_laid_out_in_a_table_is_read_as_code_without_its_line_numbers():
    html = (
        '<table><tr><td class="linenos"><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>'
    )
    assert spoken(html) == [Code("a\nb")]


def test_a_table_s_caption_is_a_paragraph_and_blocks_in_cells_are_lines():
    caption, table = spoken(
        "<table><caption>C</caption><thead><tr><th>h</th></tr></thead>"
        "<tbody><tr><td><p>a</p><p>b</p></td></tr></tbody></table>"
    )
    assert caption == paragraph("C")
    assert isinstance(table, Table)
    assert [type(span) for span in table.rows[0][0].spans] == [Text, LineBreak, LineBreak, Text]


def test_what_a_careless_table_holds_outside_its_cells_is_not_lost():
    found = spoken("<table>stray<tr>more<td>a</td></tr><p>last</p></table>")
    assert plain(found[0].spans).split() == ["stray", "last", "more"]
    assert "Text(text='a')" in str(found[1:])


def test_a_figure_gives_its_picture_and_its_caption():
    assert spoken('<figure><img src=a.png alt="A  b"><figcaption>C</figcaption></figure>') == [
        Picture("a.png", "A b"),
        paragraph("C"),
    ]


def test_an_embedded_picture_keeps_its_kind_and_not_its_bytes():
    (found,) = spoken(f'<img src="data:image/png;base64,{"A" * 5000}">')
    assert found == Picture("data:image/png;base64")


def test_footnotes_of_converters_are_footnotes():
    found = spoken(
        '<p>A<a href="#fn1" class="footnote-ref" role="doc-noteref"><sup>1</sup></a></p>'
        '<section class="footnotes"><ol><li id="fn1"><p>Note '
        '<a href="#r" class="footnote-back">↩</a></p></li></ol></section>'
    )
    assert found[0].spans == (Text("A"), FootnoteMark("fn1"))
    assert found[1] == Footnote("fn1", (paragraph("Note"),))


def test_what_is_never_spoken_is_listed_with_its_reason():
    html = "<p>W</p><form>f<input></form><svg><text>s</text></svg><p hidden>h</p><video>v</video>"
    unspoken = [block for block in read(html) if isinstance(block, Unspoken)]
    assert [block.kind for block in unspoken] == ["form", "svg", "p", "video"]
    assert all(block.reason for block in unspoken)


def test_a_formula_alone_is_a_formula():
    assert spoken("<p><math><mi>x</mi><mo>=</mo><mn>1</mn></math></p>") == [Math("x = 1")]


def test_nesting_without_end_is_refused_by_name():
    with pytest.raises(SourceError, match=r"a\.html nests"):
        read("<div>" * 2000 + "x")


def test_a_text_that_looks_like_an_address_is_a_text():
    assert spoken("http://example.com") == [paragraph("http://example.com")]
