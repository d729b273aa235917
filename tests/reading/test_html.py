"""HTML pages: their article, not their menus; their blocks, whatever elements hold them."""

import pytest

from narrated.errors import SourceError
from narrated.reading.document import (
    Code,
    Footnote,
    FootnoteMark,
    Heading,
    InlineMath,
    Item,
    LineBreak,
    Listing,
    Math,
    Paragraph,
    Picture,
    Table,
    Text,
    Unspoken,
    plain,
)
from narrated.reading.html import fragment, page
from narrated.reading.narration_settings import NarrationSettings


def read(html):
    return page(html, "a.html").blocks


def spoken(html):
    return [block for block in read(html) if not isinstance(block, Unspoken)]


def paragraph(text, part=""):
    return Paragraph((Text(text),), part)


def test_article_is_read_rest_listed():
    """The article is read; the elements around it are listed."""
    found = read(
        "<body><nav>Menu</nav><article><h1>T</h1><p>Words.</p></article><footer>F</footer>"
    )
    assert found[1:3] == (Heading(1, (Text("T"),)), paragraph("Words."))
    assert [(block.kind, block.reason, block.text) for block in (found[0], found[3])] == [
        ("nav", "before the page's article", "Menu"),
        ("footer", "after the page's article", "F"),
    ]


def test_loose_text_is_listed_together():
    """Around an article each element is listed by itself, and loose text together."""
    looks = "<style>p { color: red }</style><script>let a = 1</script>"
    found = read(
        f"<head><title>T</title>{looks}</head><body><!-- c --><p>Over<b>head</b>"
        "<div><aside>A</aside><main><p>Words.</p></main> B</div><p>Under <i>all</i></p>"
    )
    assert [(block.kind, block.text) for block in found if isinstance(block, Unspoken)] == [
        ("style", "p { color: red }"),
        ("script", "let a = 1"),
        ("page", "Over head"),
        ("aside", "A"),
        ("page", "B Under all"),
    ]
    assert found[4] == paragraph("Words.")


@pytest.mark.parametrize("around", ["<article>{}</article>", "<div role=main>{}</div>"])
def test_bare_article_omits_nothing(around):
    """An article with nothing around it leaves nothing out."""
    html = f"<title>T</title><body>{around.format('<p>Words.</p>')}"
    assert read(html) == (paragraph("Words."),)


def test_page_without_article():
    """A page without an article is read without its header, footer and menu."""
    html = "<body><header>H</header><nav>N</nav><p>Words.</p><aside>A</aside><footer>F</footer>"
    assert spoken(html) == [paragraph("Words.")]
    assert {block.text for block in read(html) if isinstance(block, Unspoken)} == set("HNAF")


def test_several_articles_are_all_read():
    """A page of several articles is read whole."""
    html = "<main><article><p>One.</p></article><article><p>Two.</p></article></main>"
    assert spoken(html) == [paragraph("One."), paragraph("Two.")]


def test_the_page_s_title_is_found():
    assert page("<title> The\n page </title><p>x", "a.html").title == "The page"


def test_text_beside_blocks_is_not_lost():
    assert spoken("<div>Before<p>Inside</p>After <b>all</b></div>")[0] == paragraph("Before")
    assert plain(spoken("<div>Before<p>Inside</p>After <b>all</b></div>")[2].spans) == "After all"


def test_block_inside_link_or_span():
    """A block inside a link or span is still a block."""
    assert spoken("<a href=x><h2>T</h2></a><span><div>Words</div></span>") == [
        Heading(2, (Text("T"),)),
        paragraph("Words"),
    ]


def test_careless_list_loses_no_item():
    """A carelessly written list loses no item."""
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
def test_code_language_is_found(html):
    """The language of code is found in each way that tools name it."""
    (found,) = spoken(html)
    assert found == Code("x", "python")


def test_table_code_drops_line_numbers():
    """Code laid out in a table is read as code, without its line numbers."""
    html = (
        '<table><tr><td class="linenos"><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>'
    )
    assert spoken(html) == [Code("a\nb")]


def test_table_caption_and_cell_blocks():
    """A table's caption is a paragraph, and blocks in cells are lines."""
    caption, table = spoken(
        "<table><caption>C</caption><thead><tr><th>h</th></tr></thead>"
        "<tbody><tr><td><p>a</p><p>b</p></td></tr></tbody></table>"
    )
    assert caption == paragraph("C", "table caption")
    assert isinstance(table, Table)
    assert [type(span) for span in table.rows[0][0].spans] == [Text, LineBreak, LineBreak, Text]


def test_careless_table_loses_nothing():
    """A careless table keeps the text outside its cells."""
    found = spoken("<table>stray<tr>more<td>a</td></tr><p>last</p></table>")
    assert plain(found[0].spans).split() == ["stray", "last", "more"]
    assert "Text(text='a')" in str(found[1:])


def test_figure_gives_its_caption():
    """A figure gives its picture and its caption."""
    assert spoken('<figure><img src=a.png alt="A  b"><figcaption>C</figcaption></figure>') == [
        Picture("a.png", "A b"),
        paragraph("C", "caption"),
    ]


def test_bare_picture_takes_its_caption():
    """A picture without a label or a title is named by its caption, also in a gallery."""
    one = '<figure><img src=a.png alt=""><figcaption>Two <em>dogs</em>.</figcaption></figure>'
    other = '<div class="wp-caption"><img src=b.png><p class="wp-caption-text">B</p></div>'
    gallery = f"<figure>{one}{other}<figcaption>All.</figcaption></figure>"
    assert spoken(gallery) == [
        Picture("a.png", title="Two dogs."),
        Picture("b.png", title="B"),
        paragraph("All.", "caption"),
    ]


def test_embedded_picture_keeps_kind():
    """An embedded picture keeps its kind, not its bytes."""
    (found,) = spoken(f'<img src="data:image/png;base64,{"A" * 5000}">')
    assert found == Picture("data:image/png;base64")


def test_converters_footnotes_are_read():
    """The footnotes that converters write are read as footnotes."""
    found = spoken(
        '<p>A<a href="#fn1" class="footnote-ref" role="doc-noteref"><sup>1</sup></a></p>'
        '<section class="footnotes"><ol><li id="fn1"><p>Note '
        '<a href="#r" class="footnote-back">↩</a></p></li></ol></section>'
    )
    assert found[0].spans == (Text("A"), FootnoteMark("fn1"))
    assert found[1] == Footnote("fn1", (paragraph("Note"),))


def test_unspoken_elements_have_reasons():
    """An element that is never spoken is listed with its reason."""
    html = "<p>W</p><form>f<input></form><svg><text>s</text></svg><p hidden>h</p><video>v</video>"
    unspoken = [block for block in read(html) if isinstance(block, Unspoken)]
    assert [block.kind for block in unspoken] == ["form", "svg", "p", "video"]
    assert all(block.reason for block in unspoken)


def test_a_formula_alone_is_a_formula():
    assert spoken("<p><math><mi>x</mi><mo>=</mo><mn>1</mn></math></p>") == [Math("x = 1")]


MATH = "<math><semantics><mi>x</mi><annotation encoding=application/x-tex>x^2</annotation></math>"


@pytest.mark.parametrize(
    "written",
    [
        '<math alttext="x^2"><mi>x</mi><mn>2</mn></math>',
        MATH,
        f"<span class=katex><span class=katex-mathml>{MATH}</span>"
        "<span class=katex-html aria-hidden=true>x2</span></span>",
        "<mjx-container><mjx-math aria-hidden=true>x2</mjx-math>"
        f"<mjx-assistive-mml>{MATH}</mjx-assistive-mml></mjx-container>",
        "<span class=MathJax_Preview>x2</span><span class=MathJax><nobr>x2</nobr></span>"
        '<script type="math/tex">x^2</script>',
        '<script type="math/tex">% <![CDATA[\nx^2 %]]></script>',
        f"<span class=mwe-math-element><b style='display:none'>{MATH}</b><img alt=x></span>",
    ],
)
def test_rendered_formula_is_read_once(written):
    """A formula that a program wrote is read once, as its source."""
    (found,) = read(f"<p>So {written} it is.")
    assert found == Paragraph((Text("So "), InlineMath("x^2"), Text(" it is.")))


def test_list_checkboxes_are_tasks():
    """The checkboxes of a page's list are tasks."""
    (found,) = read(
        "<ul><li><p><label><input type=checkbox checked> a</label><li><input type=checkbox>b"
        "<li>c <input type=checkbox></ul>"
    )[:1]
    assert [item.done for item in found.items] == [True, False, None]
    assert found.items[0].blocks == (paragraph("a"),)


def test_definitions_are_paragraphs():
    """Terms and definitions are paragraphs."""
    found = spoken("<dl><dt>a<dd>b<dd><p>c</p><p>d</dl>")
    assert found == [
        paragraph("a", "term"),
        *(paragraph(letter, "definition") for letter in "bcd"),
    ]


@pytest.mark.parametrize(
    "named",
    ["class=post-content", "id=entry-content", 'class="x article-body y"', "class=markdown-body"],
)
def test_article_is_found_by_class_name(named):
    """An article is found by the names that blogs give it."""
    html = f"<div>Before</div><div><div {named}><p>Words.</p></div>After</div>"
    assert spoken(html) == [paragraph("Words.")]
    listed = [block.text for block in read(html) if isinstance(block, Unspoken)]
    assert listed == ["Before", "After"]


def test_outer_of_two_is_the_article():
    """The outer element is the article if two have such a name."""
    html = "<div class=post><h1>T</h1><div class=post-content><p>Words.</p></div></div>"
    assert spoken(html) == [Heading(1, (Text("T"),)), paragraph("Words.")]


def test_several_matches_are_all_read():
    """A page of teasers, with several elements of such a name, is read whole."""
    html = "<div class=post-content><p>One.</p></div><div class=post-content><p>Two.</p></div>"
    assert spoken(html) == [paragraph("One."), paragraph("Two.")]


@pytest.mark.parametrize(
    ("menu", "kind"),
    [
        ("<div role=navigation>M</div>", "div"),
        ("<ul class='nav menu'><li>M</ul>", "ul"),
        ("<div id=sidebar>M</div>", "div"),
        ("<ol class=breadcrumb><li>M</ol>", "ol"),
        ("<div class=pagination><a href=2>M</a></div>", "div"),
        ("<a class=skip-link href=#c>M</a>", "a"),
        ("<p style='color:red;display: none'>M</p>", "p"),
    ],
)
@pytest.mark.parametrize("page", ["<p>Words.</p>{}", "<article><p>Words.</p>{}</article>"])
def test_menus_are_listed_only(page, menu, kind):
    """Menus are listed and not spoken."""
    found = read(page.format(menu))
    assert found[0] == paragraph("Words.")
    assert [(one.kind, one.text, bool(one.reason)) for one in found[1:]] == [(kind, "M", True)]


def test_text_called_menu_is_spoken():
    """An element that is a menu in name only is spoken."""
    assert spoken("<p>Open <b class=menu>File</b>.</p>")[0].spans[1].spans == (Text("File"),)
    assert spoken("<div class=sidebar><h1>T</h1><p>Words.</p></div>")[1] == paragraph("Words.")
    assert plain(fragment("<div class=menu>Soup</div>", "a.md")[0].spans) == "Soup"


def test_page_gives_its_metadata():
    """A page gives its language, author and date."""
    html = """<html lang=" en_GB"><head><meta name=author content=" Ada  L. ">
        <meta property="article:published_time" content="2024-01-02T10:30:00Z">
        <meta name="date" content="yesterday"></head><p>Words."""
    assert page(html, "a.html").metadata == NarrationSettings(
        language="en-GB", author="Ada L.", date="2024-01-02"
    )


def test_senseless_metadata_is_dropped():
    """Metadata of a page that makes no sense is dropped."""
    html = """<html lang="{{ lang }}"><meta name=author content="https://a.b/ada">
        <meta name=date content=""><p>Words."""
    assert page(html, "a.html").metadata == NarrationSettings()


def test_text_after_page_end_is_read():
    """Text after the end of a page is read."""
    assert spoken("<html><body><p>a</p></body></html><p>b</p>") == [paragraph("a"), paragraph("b")]


def test_unspoken_text_is_listed_whole():
    """An element that is set aside is listed with all its text."""
    (found,) = read("<form>f<!-- c --><script>s</script><select><template>t</template></form>")
    assert found.text == "f t"


def test_endless_nesting_is_refused():
    """Endless nesting is refused by the file's name."""
    with pytest.raises(SourceError, match=r"a\.html nests"):
        read("<div>" * 2000 + "x")


def test_text_like_an_address_is_text():
    """A text that looks like an address is a text."""
    assert spoken("http://example.com") == [paragraph("http://example.com")]


def test_page_inside_form_is_read():
    """A page that is one form is read, and its fields are listed."""
    html = "<form><h1>T</h1><p>Words.</p><input name=x></form>"
    assert spoken(html) == [Heading(1, (Text("T"),)), paragraph("Words.")]


def test_post_is_article_comments_not():
    """Of a post and its comments, the post is the article."""
    html = (
        '<article class="post hentry"><h1>T</h1><div class="entry-content"><p>W.</p></div>'
        "</article>"
        "<article class=comment><p>C.</p></article>"
    )
    assert spoken(html) == [Heading(1, (Text("T"),)), paragraph("W.")]


def test_superscript_link_calls_a_note():
    """A superscript link to a footnote calls it."""
    html = "<p>A<sup><a href='#fn5'>5</a></sup></p>"
    assert FootnoteMark("fn5") in spoken(html)[0].spans


def test_verse_keeps_its_lines():
    """A poem in <pre> is a paragraph for each stanza, with a pause after each line."""
    html = '<pre class="wp-block-verse">One\ntwo\n\n<em>three</em></pre>'
    first, second = fragment(html, "a.html")
    assert first == Paragraph((Text("One"), LineBreak(), Text("two")))
    assert second == Paragraph((Text("three"),))
