"""Front matter: read as it was written, refused where it is broken."""

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
    assert found == NarrationSettings(title="1984", date="2024-01-02", author="No", voice="1e3")


def test_several_authors_are_joined():
    assert front("authors: [Ada, Grace]").author == "Ada and Grace"


@pytest.mark.parametrize(("written", "meant"), [("false", False), ("No", False), ("true", True)])
def test_narrate_is_a_truth_value(written, meant):
    assert front(f"narrate: {written}").narrate is meant


def test_an_empty_value_is_no_value():
    assert front("title:\nauthor: ~") == NarrationSettings()


def test_unused_keys_are_listed():
    """Unused keys are listed."""
    unused = parted("---\ntitle: T\ntags: [a, b]\nlayout: post\n---\nBody", "a.md")[1]
    assert [one.text for one in unused] == ["tags: a, b", "layout: post"]


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
    )
    assert [one.text for one in unused] == ["tags: a", "extra: {'toc': 'true'}"]
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


@pytest.mark.parametrize(
    "text",
    [
        'title = "unclosed',
        "title = [" + "[" * 5000,
        'narrate = "perhaps"',
        "title = { a = 1 }",
        "title = 1\ntitle = 2",
        "date = 2024-13-45",
        'title = "' + "x" * 100_000 + '"',
    ],
)
def test_broken_toml_is_refused_by_name(text):
    with pytest.raises(SourceError, match=r"front matter of a\.md"):
        parted(f"+++\n{text}\n+++\nBody", "a.md")


@pytest.mark.parametrize(
    "text",
    [
        "title: [unclosed",
        "title: {a: b}",
        "title: 'one' 'two'",
        "narrate: perhaps",
        "a: &x [1]\nb: *x",
        "title: " + "[" * 5000,
        "title: " + "x" * 100_000,
        "? [a, b]\n: c\ntitle: T",
    ],
)
def test_broken_front_matter_is_named(text):
    """Broken front matter is refused by its file's name."""
    with pytest.raises(SourceError, match=r"front matter of a\.md"):
        front(text)


def test_endless_brackets_are_refused():
    """Brackets without end are refused before they cost time."""
    with pytest.raises(SourceError, match="nested too deeply"):
        front("title: " + "[" * 500)


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


def test_error_names_line():
    """An error names the line of the file."""
    with pytest.raises(SourceError, match=r"line 3\b"):
        front("title: T\nauthor: a: b")
    with pytest.raises(SourceError, match=r"line 3\b"):
        parted('+++\ntitle = "T"\nauthor = a b\n+++\nBody', "a.md")
