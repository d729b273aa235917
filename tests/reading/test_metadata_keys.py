"""Metadata of blog engines: what means the same is understood, and nothing fails a post."""

import pytest

from narrated.reading.metadata_keys import is_known, read_metadata
from narrated.reading.narration_settings import NarrationSettings

CHOICES = {"engine": ("bark", "espeak")}


def found(**entries: object) -> NarrationSettings:
    return read_metadata(entries, "It", CHOICES)[0]


def listed(**entries: object) -> list[str]:
    return [one.text for one in read_metadata(entries, "It", CHOICES)[1]]


@pytest.mark.parametrize(
    "value",
    [
        "Ada",
        ["Ada"],
        {"name": "Ada", "email": "a@example.com"},
        [{"name": {"literal": "Ada"}, "orcid": "1"}],
        {"ada": {"name": "Ada"}},
        "Ada <a@example.com>",
        [{"given": "Ada"}],
    ],
)
def test_author_has_many_shapes(value: object) -> None:
    """An author is a text, a list, or a mapping with a name."""
    assert found(author=value).author == found(authors=value).author == "Ada"


def test_several_authors_are_joined() -> None:
    """Several authors are joined by "and"."""
    assert found(authors=[{"name": "Ada"}, "Grace"]).author == "Ada and Grace"
    assert found(author="Ada; Grace").author == "Ada and Grace"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("date", "2024-01-02T10:00:00Z"),
        ("date", {"created": "2024-01-02", "updated": "2024-03-04"}),
        ("pubDate", "Tue Jan 02 2024 08:00:00 GMT+0100 (CET)"),
        ("publish-date", "2024/1/2 20:46:25"),
        ("published_at", "Tue, 02 Jan 2024 08:00:00 GMT"),
        ("created", "20240102"),
        ("date", "1704153600"),
        ("date", "[[2024-01-02]]"),
    ],
)
def test_date_has_many_forms(key: str, value: object) -> None:
    """A date has many keys and forms, and loses its time."""
    assert found(**{key: value}).date == "2024-01-02"


def test_date_in_words_stays() -> None:
    """A date in words stays as its author wrote it."""
    assert found(date="March 9th, 2024").date == "March 9th, 2024"


@pytest.mark.parametrize(
    "value",
    ["today", "last-modified", "\\today", "false", ["x"], "2024-13-45", "10:00:00", "9:30 pm"],
)
def test_no_date_is_listed(value: object) -> None:
    """A value that is no date is listed, and the next key counts."""
    assert found(date=value, created="2024-01-02").date == "2024-01-02"
    assert len(listed(date=value)) == 1


@pytest.mark.parametrize(
    ("value", "tag"),
    [("de_DE.UTF-8", "de-DE"), ("English", "en"), ("python", None), ("js", None), (["a"], None)],
)
def test_language_is_one_that_is_spoken(value: object, tag: str | None) -> None:
    """A language of people is understood; a language of programs is listed."""
    assert found(language=value).language == tag
    assert len(listed(language=value)) == (tag is None)


def test_description_has_several_keys() -> None:
    """The first of description, summary, excerpt and subtitle is the description."""
    assert found(excerpt="E", summary="S", description="").description == "S"
    assert listed(excerpt="E", summary="S") == ["excerpt: E"]


def test_tags_of_all_keys_are_joined() -> None:
    """Tags, keywords and categories are the tags, each once."""
    tags = found(
        tags=["Rust", {"name": "gpu"}], keywords="rust, static site", categories="a b"
    ).tags
    assert tags == ("Rust", "gpu", "static site", "a", "b")
    assert found(categories=[["A", "B"], "C"]).tags == ("A", "B", "C")


def test_group_counts_as_top_level() -> None:
    """Keys in Zola's and Hugo's groups count, unless they stand at the top too."""
    entries = {"taxonomies": {"tags": ["a"]}, "extra": {"author": "Ada", "toc": "true"}}
    assert found(**entries) == NarrationSettings(author="Ada", tags=("a",))
    assert listed(**entries) == ["extra: {toc: true}"]
    assert found(author="Grace", **entries).author == "Grace"
    assert found(params={"title": "T", "date": "2024-01-02"}) == NarrationSettings()


@pytest.mark.parametrize(
    ("value", "cover"),
    [
        ("a.png", "a.png"),
        ({"image": "/img/a.jpg", "alt": "x"}, "/img/a.jpg"),
        (["a.png", "b.png"], "a.png"),
        ("[[a.png|200]]", "a.png"),
        ("https://example.com/a.png", None),
        ("python:3.11", None),
        ("true", None),
    ],
)
def test_cover_is_picture_of_inbox(value: object, cover: str | None) -> None:
    """A cover is the reference of a picture that may lie in the inbox."""
    assert found(image=value).cover == cover
    assert len(listed(image=value)) == (cover is None)


@pytest.mark.parametrize(
    "value", ["true", "null", "{{ .Title }}", "<% tp.title %>", {"en": "T"}, ["A", "B"]]
)
def test_foreign_title_is_no_title(value: object) -> None:
    """A template, a truth value or a mapping is no title."""
    assert found(title=value).title is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("engine", "knitr"),
        ("engine", {"knitr": "true"}),
        ("voice", ["x"]),
        ("lexicon", "true"),
        ("lexicon", {"a": "b"}),
        ("lexicon", "terms.yml"),
        ("narrate", "Ada"),
        ("narrated", "Leo"),
    ],
)
def test_foreign_value_is_listed(key: str, value: object) -> None:
    """Another tool's value of a key of ours is listed, and passed over."""
    assert found(**{key: value}) == NarrationSettings()
    assert len(listed(**{key: value})) == 1


def test_listing_reads_as_written() -> None:
    """Lists and mappings are listed as in front matter, not as a program writes them."""
    told = listed(menu={"main": {"weight": "3"}}, up=[["Index"]], hide=["toc", "tags"])
    assert told == ["menu: {main: {weight: 3}}", "up: [Index]", "hide: toc, tags"]


def test_namespace_wins() -> None:
    """A key under `narrated` wins over the same key beside it."""
    made = found(engine="knitr", voice="x", narrated={"engine": "bark", "voice": "v2"})
    assert (made.engine, made.voice) == ("bark", "v2")


@pytest.mark.parametrize(
    "entries",
    [
        {"narrated": {"voice": "v2"}},
        {"narrated": "{voice: v2}"},
        {"extra": {"narrated": {"voice": "v2"}}},
    ],
)
def test_namespace_stands_in_any_form(entries: dict[str, object]) -> None:
    """`narrated` stands at the top, in a group, or as a text where there are no mappings."""
    assert found(**entries).voice == "v2"
    assert listed(**entries) == []


@pytest.mark.parametrize(("value", "narrate"), [("false", False), ("No", False), ("true", True)])
def test_truth_of_the_namespace(value: str, narrate: bool) -> None:
    """`narrated: false` is `narrate: false`."""
    assert found(narrated=value).narrate is narrate
    assert listed(narrated=value) == []


def test_wiki_link_is_its_page() -> None:
    """Obsidian's links without quotation marks are lists in lists; they count as their page."""
    made = found(title=[["T"]], author=[["Ada"]], date=[["2024-01-02"]], cover=[["a.png"]])
    assert (made.title, made.author, made.date, made.cover) == ("T", "Ada", "2024-01-02", "a.png")


def test_keys_are_known_in_any_spelling() -> None:
    """A key is known with any case and any joint."""
    assert all(map(is_known, ("Pub-Date", "cover image", "narrated", "LANG")))
    assert not is_known("layout")
