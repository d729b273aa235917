"""The words of a post on the page: none is lost, doubled or out of order, and all are safe."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from narrated.podcast.page_text import page_text
from narrated.podcast.shown_text import PICTURE_SIGN
from narrated.podcast.text_requests import PageCopy
from narrated.reading import document as doc
from narrated.reading.source_reader import read
from narrated.script.inline_text import find_spans
from narrated.script.traversal import numbered_blocks, title_block
from support.documents import ANY_SETTINGS, DOCUMENT
from support.page_texts import (
    check_safe,
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


@settings(deadline=None, max_examples=150)
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
