"""The words of a post on the page: none is lost, doubled or out of order, and all are safe."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from narrated.post_html.link_targets import web_target
from narrated.post_html.page_text import MOST_HTML_BYTES, page_text
from narrated.post_html.shown_text import PICTURE_SIGN
from narrated.post_html.text_forms import PageCopy
from narrated.post_html.word_matching import matched_words
from narrated.reading import document as doc
from narrated.reading.source_reader import read
from narrated.script.inline_text import find_spans
from narrated.script.traversal import numbered_blocks, title_block
from support.documents import ANY_SETTINGS, DOCUMENT
from support.page_texts import (
    check_safe,
    html_of,
    numbers_in,
    parsed,
    sentences_of,
    words_of,
)

POSTS = Path(__file__).parents[1] / "script/posts"
SOURCES = sorted(each for each in POSTS.iterdir() if each.suffix in (".md", ".html", ".txt"))
SOURCES = [each for each in SOURCES if each.name != "captions.txt"]
COPIES = {"a.png": PageCopy("index.files/0a.jpg", 640, 480)}


def leaf(span):
    """The words that a reader sees of a span."""
    match span:
        case doc.InlinePicture(source, alt, title):
            return PICTURE_SIGN if source in COPIES else alt or title or "An image"
        case doc.LineBreak():
            return "\n"
    return getattr(span, "text", "")


def shown_words(spans):
    return "".join(leaf(span) for span in find_spans(spans, doc.Span))


def shown_text(blocks, notes):
    """The words that a reader expects of blocks, in order; footnotes are put into `notes`."""
    for block in blocks:
        match block:
            case doc.Footnote(blocks=inner):
                notes.append(" ".join(shown_text(inner, notes)))
            case doc.Heading(spans=spans) | doc.Paragraph(spans):
                yield shown_words(spans)
            case doc.Admonition(kind, title, inner):
                yield shown_words(title) if shown_words(title).strip() else kind.capitalize()
                yield from shown_text(inner, notes)
            case doc.Quote(inner):
                yield from shown_text(inner, notes)
            case doc.Listing(items):
                yield from (words for item in items for words in shown_text(item.blocks, notes))
            case doc.Code(text) | doc.Math(text):
                yield text
            case doc.Table(header, rows):
                yield from (shown_words(cell.spans) for row in (header, *rows) for cell in row)
            case doc.Picture(source, alt, title):
                yield title or alt or ("" if source in COPIES else "An image")


def check_words(document, html):
    """The words of a text are those of its document, in order; those of footnotes at its end."""
    tree = parsed(html)
    for ours in tree.select("sup, .box, .back"):
        ours.decompose()
    notes = tree.select_one("section.footnotes")
    noted = words_of(notes.extract()).split() if notes else []
    expected_notes = []
    at = title_block(document)
    title = [block for number, block in numbered_blocks(document) if number == at]
    blocks = [block for block in document.blocks if not title or block is not title[0]]
    expected = " ".join([document.title, *shown_text(blocks, expected_notes)]).split()
    assert "".join(tree.get_text().split()) == "".join(expected).replace(PICTURE_SIGN, "")
    wanted_notes = "".join("".join(expected_notes).split()).replace(PICTURE_SIGN, "")
    assert sorted("".join(noted)) == sorted(wanted_notes)


def check_marks(document, sentences, html):
    """Each sentence is marked, if it is of a block of the document, and so is nothing else."""
    wanted = {each.number for each in sentences if each.block >= 0 or each.role == "title"}
    assert wanted == numbers_in(html)


@settings(deadline=None, max_examples=100)
@given(DOCUMENT, ANY_SETTINGS)
def test_no_word_is_lost_or_doubled(document, choice):
    """Whatever its structure, a document has its words on the page, and its sentences marked."""
    sentences = sentences_of(document, {}, choice)
    html = page_text(document, sentences, {}, COPIES, "en")
    check_words(document, html)
    check_marks(document, sentences, html)
    check_safe(html)


@pytest.mark.parametrize("source", SOURCES, ids=lambda each: each.stem)
def test_posts_keep_their_words(source):
    """A real post has all its words on the page, and each sentence marked at its own words."""
    document = read(source.read_bytes(), source.name)
    sentences = sentences_of(document)
    html = page_text(document, sentences, {}, {}, "en")
    check_words(document, html)
    check_marks(document, sentences, html)
    check_safe(html)


HOSTILE = [
    "# <script>alert(1)</script> &lt;b&gt;\n\nIt.",
    "# T\n\nIt. `</code><img src=x onerror=alert(1)>`",
    '# T\n\n```"><script>\n</code></pre><script>alert(1)</script>\nb\n```',
    '# T\n\n![" onerror="alert(1)](https://a.b/c.png ""><svg onload=alert(1)>")',
    '# T\n\n![" onerror="alert(1)](cat.png ""><svg onload=alert(1)>")',
    '# T\n\nIn ![" onerror="alert(1)](cat.png) it.',
    '# T\n\n[^"><script>]: Note.\n\nIt[^"><script>].',
    "# T\n\n| <b> | <i onclick=x> |\n|---|---|\n| <script>x</script> | `<u>` |",
    "# T\n\n> [!NOTE] <img src=x onerror=y>\n> &lt;img src=x onerror=y&gt;",
    "# T\n\n$$</code><script>x</script>$$",
    '# T\n\n<p lang=\'fr" onclick="x\'>It <span lang="de\' x">is</span>.</p>',
    '# T\n\n<iframe src="https://a.b/\'&quot;><script>"></iframe>\n\nIt.',
    '# T\n\nSay data-s="5" and  data-s="6" or id="t-h0".',
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_stay_words(source):
    """Nothing that an author writes becomes an element, an attribute or an address of the page."""
    check_safe(html_of(source, copies={"cat.png": PageCopy("index.files/0a.jpg", 1, 1)}))


TARGETS = {
    "https://a.b/c?d=1&e#f": "https://a.b/c?d=1&e#f",
    "HTTP://a.b": "HTTP://a.b",
    "mailto:ada@example.org": "mailto:ada@example.org",
    " https://a.b ": "https://a.b",
    "ht\ntps://a.b": "https://a.b",
    'https://a.b/"><script>': "https://a.b/%22%3E%3Cscript%3E",
    "https://a.b/c d": "https://a.b/c%20d",
    "javascript:alert(1)": "",
    " jAvAscript:alert(1)": "",
    "java\tscript:alert(1)": "",
    "\x01javascript:alert(1)": "",
    "data:text/html,<script>": "",
    "vbscript:x": "",
    "file:///etc/passwd": "",
    "//a.b/c": "",
    "other.html": "",
    "/about": "",
    "https:a.b": "",
    "https://a.b/\x00c": "",
    f"https://a.b/{'c' * 2000}": "",
}


@pytest.mark.parametrize(("written", "expected"), TARGETS.items(), ids=range(len(TARGETS)))
def test_only_web_targets_are_links(written, expected):
    """A link leads to the web, to an address of mail, or nowhere."""
    assert web_target(written) == expected


def _time_s(source):
    """The time that it takes to write a post's text, without its script."""
    document = read(source.encode(), "a.md")
    sentences = sentences_of(document)
    began_s = time.process_time()
    page_text(document, sentences, {}, {}, "en")
    return time.process_time() - began_s


def test_long_text_is_cut_at_a_mebibyte():
    """A text of a book of books ends with an ellipsis."""
    paragraph = doc.Paragraph((doc.Text("Some more words of it. " * 400),))
    document = doc.Document("text", "T", "name", (paragraph,) * 200)
    html = page_text(document, [], {}, {}, "en")
    assert MOST_HTML_BYTES * 0.98 < len(html.encode()) < MOST_HTML_BYTES * 1.01
    assert words_of(parsed(html)).endswith("…")


def test_long_post_takes_linear_time(figure):
    """Twice as many words are marked in about twice the time."""
    paragraph = f"{'It was `here` and *not* ~~there~~ of course, [so](https://a.b). ' * 10}\n\n"
    half_s = _time_s(f"# T\n\n{paragraph * 200}")
    whole_s = _time_s(f"# T\n\n{paragraph * 400}")
    figure(f"40,000 words in {whole_s:.2f} s, half of them in {half_s:.2f} s")
    assert whole_s < 8 * half_s


@pytest.mark.parametrize("word", ["a", "the same", "~~a~~ b", "$x$ a", "好"])
def test_repeated_words_cost_no_square(word):
    """A paragraph of one word over and over, said otherwise, is matched in linear time."""
    assert _time_s(f"# T\n\n{f'{word} ' * 4_000}.") < 10


def test_other_words_cost_no_square():
    """Sentences of which no word is in the text are given up soon, and mark it as a whole."""
    words = [f"w{number}" for number in range(8_000)]
    began_s = time.process_time()
    assert matched_words(words, words[::-1]).count(-1) >= 7_000
    assert matched_words([*"ab"] * 4_000, [*"ba"] * 4_000).count(-1) < 100
    assert time.process_time() - began_s < 20


def test_deep_nesting_is_flat_below():
    """Quotes in quotes in quotes are no deeper than a browser follows."""
    html = html_of(f"# T\n\n{'> ' * 60}Deep words.\n")
    tree = parsed(html)
    assert words_of(tree.select("p")[-1]) == "Deep words."
    assert 30 <= html.count("<blockquote") <= 32
