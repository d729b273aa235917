"""Footnotes written by hand, or by word processors, are footnotes like any other."""

import pytest

from narrated.reading import html, markdown
from narrated.reading.document import Footnote, Paragraph, plain
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import ReadingSettings

BY_HAND = """
An omission<a name="note-a"></a>[|1|](#foot-a), but fine. Next<a name="note-b"></a>[|2|](#foot-b).

Last words.

* * *
##### Footnotes

1 - <a name="foot-a"></a>[|back|](#note-a) - Before you ask, yes.
2 - <a name="foot-b"></a>[|back|](#note-b) -Which it hits.
"""
GOOGLE_DOCS = (
    '<p>A<sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup> b.</p><hr><div><p>'
    '<a href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;The note.</span></p></div>'
)
WORD = (
    '<p>A<a href="#_ftn1" name="_ftnref1"><span>[1]</span></a> b.</p><div><hr><div id="ftn1">'
    '<p><a href="#_ftnref1" name="_ftn1"><span>[1]</span></a> The note.</p></div></div>'
)
LIBRE_OFFICE = (
    '<p>A<a name="sdfootnote1anc" href="#sdfootnote1sym"><sup>1</sup></a> b.</p>'
    '<div id="sdfootnote1"><p><a name="sdfootnote1sym" href="#sdfootnote1anc">1</a> The note.</p>'
    "</div>"
)
SUBSTACK = (
    '<p>A<a class="footnote-anchor" id="footnote-anchor-1" href="https://a.b/p/c#footnote-1">1</a>'
    ' b.</p><div class="footnote"><a id="footnote-1" href="#footnote-anchor-1" '
    'class="footnote-number">1</a><div class="footnote-content"><p>The note.</p></div></div>'
)
WORDPRESS = (
    '<p>A<sup data-fn="5f" class="fn"><a href="#5f" id="5f-link">1</a></sup> b.</p>'
    '<ol><li id="5f">The note. <a href="#5f-link">↩︎</a></li></ol>'
)
RAISED = "Aa<sup>1</sup> b.\n\n<sup>1</sup> The note."
BACK = [
    *("[↩](#r)", "[↩︎](#r)", "[↑](#r)", "[⏎](#r)", "[^](#r)", "[⬆️](#r)", "[↩2](#r)"),
    *("[back](#r)", r"[\[back\]](#r)", "[(return)](#r)", "[↩back](#r)"),
]
NAMED = 'Aa<sup>1</sup> b.\n\n<p id="fn1">1. The note.</p>'


def said(text, name="a.md", **settings):
    script = build_script(
        read(f"# T\n\n{text}".encode() if name == "a.md" else text.encode(), name),
        {},
        Lexicon.parse([]),
        ReadingSettings(**settings),
    )
    return [line.text for line in script.lines if line.role != "title"]


def notes(blocks):
    return [plain(one.blocks[0].spans) for one in blocks if isinstance(one, Footnote)]


def test_notes_by_hand_follow_their_call():
    """Notes that stand in lines under a heading are read after the paragraph that calls them."""
    assert said(BY_HAND) == [
        "An omission, but fine. Next.",
        "Footnote: Before you ask, yes.",
        "Footnote: Which it hits.",
        "Last words.",
    ]


@pytest.mark.parametrize(
    "text", [GOOGLE_DOCS, WORD, LIBRE_OFFICE, SUBSTACK, WORDPRESS, RAISED, NAMED]
)
def test_notes_of_programs_are_found(text):
    """The notes of word processors and of blog engines are footnotes."""
    found = [one for one in markdown.blocks(text, "a") if isinstance(one, Paragraph | Footnote)]
    assert plain(found[0].spans) in ("A b.", "Aa b.")
    assert notes(found) == ["The note."]
    assert len(found) == 2


def test_note_begins_with_its_sign():
    """A block that begins with the sign of a call that leads to it is its note."""
    text = 'A[*](#star) b.\n\n<p id="star">* The note.</p>'
    assert said(text) == ["A b.", "Footnote: The note."]


def test_notes_of_a_page_are_found():
    """A page's notes by hand are footnotes as a post's are."""
    assert notes(html.page(f"<html><body>{GOOGLE_DOCS}</body></html>", "a").blocks) == ["The note."]


def test_note_takes_its_paragraphs():
    """Paragraphs between two notes belong to the first, and those under it to the last."""
    text = 'A[1](#fn1) b[2](#fn2).\n\n## Notes\n\n<p id="fn1">1. One.</p>\n\nMore.\n\n'
    assert said(f'{text}<p id="fn2">2. Two.</p>\n\nEnd.') == [
        "A b.",
        "Footnote: One.",
        "More.",
        "Footnote: Two.",
        "End.",
    ]


def test_body_between_notes_stays():
    """Text between two notes stays where it calls the second one."""
    text = 'A[1](#fn1).\n\n<p id="fn1">1. One.</p>\n\nB[2](#fn2).\n\n<p id="fn2">2. Two.</p>'
    assert said(text) == ["A.", "Footnote: One.", "B.", "Footnote: Two."]


def test_heading_over_text_stays():
    """A heading "Notes" stays if more than notes follows it."""
    text = 'A[1](#fn1).\n\n## Notes\n\nSee below.\n\n<p id="fn1">1. One.</p>'
    assert said(text) == ["A.", "Footnote: One.", "Notes", "See below."]


def test_footnotes_at_the_end_by_setting():
    """Notes by hand are read where the setting says."""
    assert said(BY_HAND, footnotes="end")[-1] == "Footnote: Which it hits."
    assert said(BY_HAND, footnotes="skip")[-1] == "Last words."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("An omission[|2|](#foot-1), but fine.", "An omission, but fine."),
        ("A<sup>[1](#fn1)</sup> b[^](#top).", "A b."),
        (r"A[\[2\]](#x) b[*](#y) c[†](#z) d[(3)](#v).", "A b c d."),
        ("A[2](#two), b.", "A, b."),
        ("A[^1^](#sdfootnote1sym) b.", "A b."),
        ('A<sup>[<a href="#n1">1</a>]</sup> b.', "A b."),
        ('A<a class="footnote_referrer"><sup>[1]</sup></a> b.', "A b."),
        ("## A [¶](#a)\n\nB.", "A"),
    ],
)
def test_calls_are_silent(text, words):
    """The call of a note is silent, whether the note is found or not."""
    assert said(text)[0].replace(" .", ".") == words


@pytest.mark.parametrize("back", BACK)
def test_ways_back_are_silent(back):
    """The link from a note back to its call is silent."""
    assert said(f"1. Note one. {back}") == ["One. Note one."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See [2](#two) and [3](#three).", "See two and three."),
        ("- [1](#chapter-1) Intro", "one Intro"),
        ("Pages [1](#a), [2](#b),[3](#c).", "Pages one, two,three."),
        ("Go [back](#intro) to the intro.", "Go back to the intro."),
        ("A [top](#t) hat.", "A top hat."),
        ("x<sup>2</sup> and m<sup>2</sup>\n\n<sup>2</sup> Two.", "x squared and m squared"),
        ("The word<sup>2</sup> here.", "The word two here."),
        ("As [1] says, [x] is [sic].", "As [one] says, [x] is [sic]."),
        ("See [note](#note-1).", "See note."),
        ("See [1](https://a.b/#c).", "See one."),
        ("A [b](#fn1) c.", "A b c."),
    ],
)
def test_links_of_a_sentence_stay_words(text, words):
    """A link that is a word of its sentence is read."""
    assert said(text)[0] == words


def test_chapter_is_no_note():
    """A place that a number leads to is read in its place unless it looks like a note."""
    text = 'See[2](#two).\n\n<h2 id="two">Two</h2>\n\n<p id="three">Words.</p>'
    assert said(text) == ["See.", "Two", "Words."]


def test_list_of_more_than_notes_stays():
    """A list in which one item is no note stays a list."""
    text = 'A<sup><a href="#fn1">1</a></sup>.\n\n<ol><li id="fn1">One.</li><li>Two.</li></ol>'
    assert said(text) == ["A.", "One. One.", "Two. Two."]


def test_uncalled_note_stays_in_place():
    """A note that nothing calls is read where it stands, without its way back."""
    assert said("1 - <a name='foot-1'></a>[|back|](#note-1) - The note.")[0].endswith("The note.")


def test_bare_number_takes_its_paragraph():
    """A note that is only its number, as in an export of Substack, takes the paragraph after it."""
    note = '<a href="#footnote-anchor-1" id="footnote-1">1</a>\n\nThe *note*.'
    read = markdown.blocks(f"A claim.[1](#footnote-1)\n\nMore.\n\n{note}\n\nEnd.", "a.md")
    assert [plain(one.blocks[0].spans) for one in read if isinstance(one, Footnote)] == [
        "The note."
    ]
