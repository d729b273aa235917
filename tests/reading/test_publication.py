"""What front matter says of publication: the marks of drafts, and dates."""

import pytest

from narrated.reading.publication import publication
from narrated.reading.source_reader import read


def metadata(front: str, fence: str = "---"):
    return read(f"{fence}\n{front}\n{fence}\n\nWords.\n".encode(), "a.md").metadata


@pytest.mark.parametrize(
    "written",
    [
        *("draft: true", "draft: True", 'draft: "yes"', "Draft: on", "isDraft: true"),
        *("published: false", "published: no", "publish: false", "Published: False"),
        *("status: draft", "Status: private", "status: pending", "status: scheduled"),
    ],
)
def test_mark_of_a_draft_is_known(written: str) -> None:
    """The words of site generators mark a draft, in any case."""
    assert metadata(written).draft_mark


@pytest.mark.parametrize(
    "written",
    [
        *("draft: false", "draft:", "draft: ''", "published: true", "publish: true"),
        *("published: 2020-01-02", "draft: third", "status: published", "unlisted: true"),
        *("draft: [true]", "draft: {of: mine}", "title: draft"),
    ],
)
def test_other_words_mark_no_draft(written: str) -> None:
    """Other values and keys neither mark a draft nor fail the post."""
    assert metadata(written).draft_mark is None


def test_mark_in_toml_is_known() -> None:
    """TOML marks a draft as YAML does."""
    assert metadata("draft = true", "+++").draft_mark == "`draft: true`"
    assert metadata("draft = false", "+++").draft_mark is None


@pytest.mark.parametrize(
    ("written", "publish_at"),
    [
        ("date: 2030-01-02", None),
        ("date: 2030-01-02 10:20:30 +0100", "2030-01-02 10:20:30 +0100"),
        ("date: 2020-01-02\npublishDate: 2030-01-02", "2030-01-02"),
        ("date: 2020-01-02\npubDate: Jan 02 2030", "Jan 02 2030"),
        ("published: 2030-01-02", "2030-01-02"),
        ("published: true\ndate: 2030-01-02", None),
        ("status: scheduled\ndate: 2030-01-02", "2030-01-02"),
    ],
)
def test_time_of_publication(written: str, publish_at: str | None) -> None:
    """The time of publication is its own key, or a date with a time of day."""
    assert metadata(written).publish_at == publish_at


def test_known_marks_are_not_listed() -> None:
    """What tells of publication is no unused front matter; what looks like it is."""
    used = b"---\ndraft: false\npublishDate: 2020-01-02\n---\nWords.\n"
    assert len(read(used, "a.md").blocks) == 1
    assert len(read(used.replace(b"false", b"third"), "a.md").blocks) == 2


def test_long_values_say_nothing() -> None:
    """A value of any length or kind is passed over."""
    for value in ("9" * 100_000, "1:" * 100_000, ["true"], {"true": "true"}, None, 5):
        assert publication({"draft": value, "date": value, "published": value}) == {}
