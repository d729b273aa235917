"""Front matter: read as it was written, refused where it is broken."""

import pytest

from narrated.errors import SourceError
from narrated.reading.document import FrontMatter
from narrated.reading.front import parted


def front(text):
    return parted(f"---\n{text}\n---\nBody", "a.md")[0]


def test_front_matter_is_parted_from_the_body():
    found, unused, body = parted("---\ntitle: T\nlang: de\n---\nBody\n", "a.md")
    assert found == FrontMatter(title="T", language="de")
    assert (unused, body) == ((), "Body\n")


def test_values_are_taken_as_they_were_written():
    found = front("title: 1984\ndate: 2024-01-02\nauthor: No\nvoice: 1e3")
    assert found == FrontMatter(title="1984", date="2024-01-02", author="No", voice="1e3")


def test_several_authors_are_joined():
    assert front("authors: [Ada, Grace]").author == "Ada and Grace"


@pytest.mark.parametrize(("written", "meant"), [("false", False), ("No", False), ("true", True)])
def test_narrate_is_a_truth_value(written, meant):
    assert front(f"narrate: {written}").narrate is meant


def test_an_empty_value_is_no_value():
    assert front("title:\nauthor: ~") == FrontMatter()


def test_what_we_have_no_use_for_is_listed():
    (unused,) = parted("---\ntitle: T\ntags: [a]\nlayout: post\n---\nBody", "a.md")[1]
    assert "tags" in unused.text
    assert "layout: post" in unused.text


@pytest.mark.parametrize(
    "text",
    [
        "---\nWords between two rules.\n---\nMore words.",
        "---\n\n---\nWords.",
        "--- not a fence\ntitle: T\n---\n",
        "---\ntitle: never closed\n",
        "Words\n---\ntitle: T\n---\n",
    ],
)
def test_a_thematic_break_is_no_front_matter(text):
    assert parted(text, "a.md") == (FrontMatter(), (), text)


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
def test_broken_front_matter_is_refused_by_name(text):
    with pytest.raises(SourceError, match=r"front matter of a\.md"):
        front(text)


def test_brackets_without_end_are_refused_before_they_cost_time():
    with pytest.raises(SourceError, match="nested too deeply"):
        front("title: " + "[" * 500)
