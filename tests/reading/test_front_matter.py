"""Front matter: read as it was written, in every form, whichever tool it was written for."""

import time

import pytest

from narrated.errors import SourceError
from narrated.reading.front_matter import split_front_matter
from narrated.reading.narration_settings import NarrationSettings


def parted(text, name):
    return split_front_matter(text, name, {})


def front(text):
    return parted(f"---\n{text}\n---\nBody", "a.md")[0]


def test_front_matter_is_split_off():
    """Front matter is split from the body."""
    found, unused, body = parted("---\ntitle: T\nlang: de\n---\nBody\n", "a.md")
    assert found == NarrationSettings(title="T", language="de")
    assert (unused, body) == ((), "Body\n")


def test_values_stay_as_written():
    """Values stay as their author wrote them."""
    found = front("title: 1984\ndate: 2024-01-02\nauthor: No\nvoice: 1e3")
    values = (found.title, found.date, found.author, found.voice)
    assert values == ("1984", "2024-01-02", "No", "1e3")


def test_several_authors_are_joined():
    assert front("authors: [Ada, Grace]").author == "Ada and Grace"


@pytest.mark.parametrize(("written", "meant"), [("false", False), ("No", False), ("true", True)])
def test_narrate_is_a_truth_value(written, meant):
    assert front(f"narrate: {written}").narrate is meant


def test_an_empty_value_is_no_value():
    assert front("title:\nauthor: ~") == NarrationSettings()


def test_unused_keys_are_listed():
    """Unused keys are listed."""
    unused = parted("---\ntitle: T\naliases: [a, b]\nlayout: post\n---\nBody", "a.md")[1]
    assert [one.text for one in unused] == ["aliases: a, b", "layout: post"]


def test_toml_is_front_matter():
    """TOML between plus signs is front matter too."""
    found, unused, body = parted(
        '+++\ntitle = "1984"\ndate = 2024-01-02\nauthors = ["Ada", "Grace"]\nlang = "de"\n'
        'narrate = false\nlexicon = "names-lexicon.yaml"\ntags = ["a"]\n[extra]\n'
        "toc = true\n+++\nBody\n",
        "a.md",
    )
    assert found == NarrationSettings(
        title="1984",
        date="2024-01-02",
        author="Ada and Grace",
        language="de",
        lexicon="names-lexicon.yaml",
        narrate=False,
        tags=("a",),
    )
    assert [one.text for one in unused] == ["extra: {toc: true}"]
    assert body == "Body\n"


def test_pandoc_title_block_is_read():
    """A title block of Pandoc is front matter of Markdown."""
    text = "% A long\n  title\n% Ada; Grace\n% 2024\n\nBody"
    found, _, body = parted(text, "a.md")
    assert found == NarrationSettings(title="A long title", author="Ada and Grace", date="2024")
    assert body.strip() == "Body"
    assert parted("% T\n\nB", "a.markdown")[0] == NarrationSettings(title="T")
    assert parted("%\n% Ada\n\nB", "a.md")[0] == NarrationSettings(author="Ada")
    assert parted(text, "a.txt") == (NarrationSettings(), (), text)


def test_authors_may_be_tables():
    """Authors may be tables with names."""
    text = '+++\n[[authors]]\nname = "Ada"\n[[authors]]\nname = "Grace"\n+++\n'
    assert parted(text, "a.md")[0].author == "Ada and Grace"


@pytest.mark.parametrize(
    "text",
    [
        "% A comment\nand words.",
        "% A\n% list\n% of\n% comments\n\nWords.",
        "+++\nWords between two rules.\n+++\n",
        '+++\ntitle = "never closed"\n',
        "---\nWords between two rules.\n---\nMore words.",
        "---\n\n---\nWords.",
        "--- not a fence\ntitle: T\n---\n",
        "---\ntitle: never closed\n",
        "Words\n---\ntitle: T\n---\n",
    ],
)
def test_break_is_no_front_matter(text):
    """A thematic break is no front matter."""
    assert parted(text, "a.md") == (NarrationSettings(), (), text)


BROKEN = [
    ("---", "title: [unclosed", "[unclosed"),
    ("---", "title: 'one' and 'two'", "'one' and 'two'"),
    ("---", "title: Rust: a review", "Rust: a review"),
    ("---", "title: [Draft] Rust", "[Draft] Rust"),
    ("---", "title: *Rust* again", "*Rust* again"),
    ("---", "title: A post\nno key", "A post"),
    ("---", "title: A post\n  deeper: x\nauthor: B", "A post"),
    ("---", "title: `rust` again", "`rust` again"),
    ("---", "a: &x [1]\nb: *x\ntitle: T", "T"),
    ("---", "? [a, b]\n: c\ntitle: T", "T"),
    ("---", "title: T\ntags:\n\t- a", "T"),
    ("---", "title: T\nx: " + "[" * 5000, "T"),
    ("---", "title: T\nx: " + "x" * 100_000, "T"),
    ("---", 'title: "C:\\new\\bar"', "C:\\new\\bar"),
    ("+++", 'title = "unclosed', "unclosed"),
    ("+++", "title = 1\ntitle = 2", "1"),
    ("+++", 'title = "T"\nx = ' + "[" * 5000, "T"),
    ("+++", 'title = "T"\ndate = 2024-13-45', "T"),
    ("+++", 'title = "T"\nx = "' + "x" * 100_000 + '"', "T"),
]


@pytest.mark.parametrize(("fence", "text", "title"), BROKEN)
def test_broken_entry_costs_no_other(fence, text, title):
    """Broken front matter is read entry by entry, and says so."""
    found, unused, body = parted(f"{fence}\n{text}\n{fence}\nBody", "a.md")
    assert (found.title, body) == (title, "Body")
    assert any("Each entry is read by itself" in one.reason for one in unused)


@pytest.mark.parametrize("text", ["narrate: perhaps", "narrate: [no", "narrated: {engine: [x]}"])
def test_wrong_value_of_ours_is_refused(text):
    """A wrong value that can only be meant for narrated is refused by its file's name."""
    with pytest.raises(SourceError, match=r"front matter of a\.md"):
        split_front_matter(f"---\n{text}\n---\nBody", "a.md", {"engine": ("espeak",)})


@pytest.mark.parametrize("fence", ["---", "+++", "%"])
@pytest.mark.parametrize("line", [" ", "\t", "a: b", "% x", "a" * 500, ""])
def test_beginning_costs_its_length(fence, line):
    """No beginning of a text costs more than its length."""
    began_s = time.process_time()
    parted(f"{fence}\n" + f"{line}\n" * 200_000 + "x", "a.md")
    assert time.process_time() - began_s < 5


def test_date_and_language_are_cleaned():
    """A date loses its time, and a language gets a hyphen."""
    found = front("date: 2015-03-04 10:20:30 +0100\nlang: de_DE")
    assert (found.date, found.language) == ("2015-03-04", "de-DE")


def test_header_has_author_on_each_line():
    """MkDocs' headers have each author on a line."""
    text = "Title: T\nAuthors: Waylan Limberg\n    Tom Christie\nSummary: A\n  B\n\nBody"
    found = parted(text, "a.md")[0]
    assert (found.author, found.description) == ("Waylan Limberg and Tom Christie", "A B")


def test_listing_names_line():
    """What is listed of broken front matter names the line of the file."""
    for text in ("---\ntitle: T\nauthor: a: b\n---\n", '+++\ntitle = "T"\nauthor = a b\n+++\n'):
        assert "line 3" in parted(f"{text}Body", "a.md")[1][-1].reason


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "T", "date": "2024-01-02"}\n\nBody',
        '{\n\t"title": "T",\n\t"date": "2024-01-02",\n}\nBody',
        '"title": "T",\n"date": "2024-01-02"\n;;;\nBody',
        ';;;\n{"title": "T", "date": "2024-01-02"}\n;;;\nBody',
        '---json\n{"title": "T", "date": "2024-01-02"}\n---\nBody',
        '---toml\ntitle = "T"\ndate = 2024-01-02\n---\nBody',
        "---js\n{\n  title: 'T', // a comment\n  date: '2024-01-02',\n}\n---\nBody",
        "#+TITLE: T\n#+date: <2024-01-02 Tue>\n\nBody",
        ":PROPERTIES:\n:ID: 1\n:END:\n#+title: T\n#+date: 2024-01-02\nBody",
        "Title: T\nDate: 2024-01-02 10:20\n\nBody",
        "title: T\ndate: 2024/1/2\n---\nBody",
        "\n---\nTITLE: T\nDate: 2024-01-02\n...\nBody",
    ],
)
def test_each_form_is_front_matter(text):
    """JSON, Org's keywords and headers without a fence are front matter."""
    found, _, body = parted(text, "a.md")
    assert (found.title, found.date, body.strip()) == ("T", "2024-01-02", "Body")


@pytest.mark.parametrize(
    "text",
    [
        "{{ page.title }}\n\nBody",
        '{"title": "a file of data"}',
        '{"unknown": 1}\n\nBody',
        "{ a brace }\n\nBody",
        '"Hello," she said.\n\n;;;\n\nBody',
        "#+begin_src python\nx = 1\n#+end_src\n",
        "Note: this is prose.\n\nBody",
        "Title: T\nand prose.\n\nBody",
    ],
)
def test_text_is_no_front_matter(text):
    """A text that begins like another form of front matter is a text."""
    assert parted(text, "a.md") == (NarrationSettings(), (), text)
