"""The kind of a source, by its name and its bytes."""

import pytest

from narrated.errors import SourceError
from narrated.reading.document import Heading, Paragraph, Rule, Text, plain
from narrated.reading.file_kinds import PICTURES, TEXTS
from narrated.reading.source_reader import plain_blocks, read


def words(block):
    return "".join(span.text for span in block.spans)


def test_suffixes_have_one_kind():
    """Every known suffix is in lower case and of one kind."""
    assert all(suffix == suffix.lower() for suffix in TEXTS | PICTURES)
    assert not TEXTS & PICTURES


def test_suffix_in_capitals_is_known():
    """A suffix in capitals is the same suffix."""
    assert read(b"# Hello\n\nWorld", "A.MD").title == "Hello"


def test_plain_text_gives_paragraphs():
    """A plain text becomes paragraphs between empty lines."""
    document = read(b"One\nline.\n \nTwo.\r\n\r\nThree.", "a.txt")
    assert [words(block) for block in document.blocks] == ["One line.", "Two.", "Three."]


def test_plain_text_keeps_its_marks():
    """A plain text keeps its marks as they are."""
    document = read(b"# no heading & *no* <b>emphasis</b>", "a.txt")
    assert document.blocks == (Paragraph((Text("# no heading & *no* <b>emphasis</b>"),)),)


def test_line_of_stars_is_a_break():
    """A line of stars in a plain text is a break."""
    assert read(b"One.\n\n* * *\n\nTwo.", "a.txt").blocks[1] == Rule()


@pytest.mark.parametrize("name", ["a.zip", "a", "a.mp3", ".txt.swp"])
def test_unknown_kind_is_refused(name):
    """A file of an unknown kind is refused with the known suffixes."""
    with pytest.raises(SourceError) as caught:
        read(b"data", name)
    assert name in caught.value.problem
    assert ".md" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b""),
        ("a.txt", b" \n\t\n"),
        ("a.md", b"<!-- nothing -->\n\n---\n"),
        ("a.html", b"<html><head><title>T</title></head><body><script>x()</script></body>"),
        ("a.md", b"---\ntitle: A title alone\n---\n"),
    ],
)
def test_wordless_document_is_refused(name, data):
    """A document without words is refused."""
    with pytest.raises(SourceError, match="nothing to say"):
        read(data, name)


def test_unwanted_empty_post_is_fine():
    """An empty post with `narrate: false` is no error."""
    assert not read(b"---\nnarrate: false\n---\n", "a.md").metadata.narrate


def test_a_binary_called_txt_is_refused():
    for data in (b"\x7fELF\x02\x01\x01\0\0\0", b"\x01\x02\x03\x04" * 20, bytes(range(1, 256))):
        with pytest.raises(SourceError):
            read(data, "a.txt")


def test_name_cannot_forge_line():
    """A file name cannot forge a line of an error."""
    with pytest.raises(SourceError) as caught:
        read(b"", "a\nforged.txt")
    assert "\n" not in caught.value.problem


@pytest.mark.parametrize(
    ("data", "name", "title", "title_from"),
    [
        (b"---\ntitle: From above\n---\n# Heading\n", "a.md", "From above", "front matter"),
        (b"Words first.\n\n# The *only* `heading`\n", "a.md", "The only heading", "heading"),
        (b"# The first\n\n# The second\n", "a.md", "The first", "heading"),
        (b"Words.\n\n# The first\n\n# The second\n", "name.md", "name", "name"),
        (b"## The second level\n\nWords.\n", "name.md", "name", "name"),
        (b"<title>The page</title><p>Words.</p>", "a.html", "The page", "page"),
        (
            b"<title>A | B</title><meta property=og:title content=A><p>Words.",
            "a.html",
            "A",
            "page",
        ),
        (
            b"<title>A | Site</title><meta property=og:site_name content=Site><p>Words.",
            "a.html",
            "A",
            "page",
        ),
        (b"<title>The page</title><h1>Heading</h1>", "a.html", "Heading", "heading"),
        (b"Words.", "2024-my-first_post.md", "2024 my first post", "name"),
        (b"Words.", "blog/deep/some.notes.txt", "some notes", "name"),
        (b"Words.", "___.txt", "___", "name"),
        (b"Words.", "my-post/index.md", "my post", "name"),
        (b"Words.", "my-post/README.md", "my post", "name"),
        (b"Words.", "my-post/_index.en.md", "my post", "name"),
        (b"Words.", "index.md", "index", "name"),
        (b"Words.", "my%20post-v1.2.md", "my post v1.2", "name"),
        (b"---\nslug: /blog/my-post\n---\nWords.", "a.md", "my post", "name"),
        (b"---\ntitle: 2*3 &amp; *T*\n---\nWords.", "a.md", "2*3 & T", "front matter"),
    ],
)
def test_title_comes_from_best_place(data, name, title, title_from):
    """A title is taken from the best place."""
    document = read(data, name)
    assert (document.title, document.title_from) == (title, title_from)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Why <div> beats <table> & ‹b› too", "Why <div> beats <table> & ‹b› too"),
        ("The <title> element and <b> in HTML", "The <title> element and <b> in HTML"),
        ("A <b>bold</b> <script>alert(1)</script>", "A bold <script>alert(1)</script>"),
        ('<span class="x" hidden>All</span> of <em lang="fr">a<code>b</code></em>', "All of ab"),
        ("One<br>two, the <br> element, <b></b>", "One two, the <br> element, <b></b>"),
        ("A <!-- b --> <img src=x onerror=y()>C", "A <!-- b --> <img src=x onerror=y()>C"),
        ("&lt;b&gt; &amp;lt; `<i>`", "<b> &lt; <i>"),
    ],
)
def test_tags_in_titles_are_words(written, title):
    """A title loses pairs of formatting alone; other tags are words, and join none."""
    assert read(f"---\ntitle: '{written}'\n---\nWords.".encode(), "a.md").title == title


@pytest.mark.parametrize(
    "data",
    [
        '<script type="application/ld+json">{"@type": "BlogPosting", "author": {"name": "Ada"}}',
        '<script type="application/ld+json">{"@graph": [{"@type": "Article", "author": "Ada"}]}',
        '<d-front-matter><script type="text/json">{"authors": [{"author": "Ada"}]}',
        '<script type="text/front-matter">authors:\n- Ada: https://example.com\n',
        '<meta name="citation_author" content="Ada"><script>',
    ],
)
def test_author_comes_from_data_of_page(data):
    """The author of a page may stand in its data."""
    page = f"<html><body>{data}</script><article><p>Words.</p></article></body></html>"
    assert read(page.encode(), "a.html").metadata.author == "Ada"


def test_dialects_off_in_a_post():
    """A post turns dialects of Markdown on and off for itself."""
    post = b"---\nnarrated: {dialects: {obsidian: off}}\n---\n\nA [[page]].\n"
    blocks = read(post, "a.md", dialects_off=frozenset({"tex"})).blocks
    assert plain(blocks[0].spans) == "A [[page]]."
    post = post.replace(b"off", b"on")
    assert (
        plain(read(post, "a.md", dialects_off=frozenset({"obsidian"})).blocks[0].spans) == "A page."
    )


def test_wordless_heading_is_no_title():
    """A heading without words is no title."""
    document = read(b"# ![](a.png)\n\n# Words\n", "a.md")
    assert document.title == "Words"
    assert [type(block) for block in document.blocks] == [Heading, Heading]


def test_unspoken_page_title_is_listed():
    """A page title that is not spoken is listed."""
    found = read(b"<title>The page</title><h1>Heading</h1>", "a.html").blocks[0]
    assert (found.kind, found.text) == ("title", "The page")


def test_front_matter_beats_page():
    """Front matter overrides the metadata of a page."""
    data = b"---\nlang: de\n---\n<html lang=fr><meta name=author content=Ada><p>Words."
    found = read(data, "a.html").metadata
    assert (found.language, found.author) == ("de", "Ada")


def test_plain_text_holds_marks():
    """A plain text's emoji codes are read; its citations and an editor's comments are listed."""
    text = "As shown [@doe2020, p. 5], it works {>>why?<<}. :tada: at 12:30:45, :no-code:, [@a hi]."
    found = plain_blocks(text)
    assert found[0] == Paragraph((Text("As shown, it works. 🎉 at 12:30:45, :no-code:, [@a hi]."),))
    assert [(one.kind, one.text) for one in found[1:]] == [
        ("citation", "[@doe2020, p. 5]"),
        ("comment", "why?"),
    ]
