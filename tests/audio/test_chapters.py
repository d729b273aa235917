"""Chapters: joined where they are too short, cut where a title is too long, told in JSON."""

import json

import pytest

from narrated.audio.chapters import Chapter, chapters_json, cut_title, settled


def told(*chapters: tuple[str, float], duration_s: float = 60.0) -> list[tuple[str, float, float]]:
    """Settle chapters; give title, start and end of each."""
    found = settled((Chapter(title, start_s) for title, start_s in chapters), duration_s)
    return [(each.title, each.start_s, each.end_s) for each in found]


def test_chapters_cover_the_sound() -> None:
    """The first chapter begins with the sound, each lasts until the next, the last to the end."""
    assert told(("Title", 0.25), ("One", 9.5)) == [("Title", 0.0, 9.5), ("One", 9.5, 60.0)]


def test_short_chapter_joins_next() -> None:
    """A chapter shorter than a second joins the next one, which begins in its place."""
    found = told(("Title", 0.25), ("One", 9.0), ("Two", 9.9), ("Three", 20))
    assert found == [("Title", 0.0, 9.0), ("Two", 9.0, 20), ("Three", 20, 60.0)]


def test_short_last_chapter_joins() -> None:
    """A last chapter shorter than a second joins the one before."""
    found = told(("Title", 0.25), ("One", 9.0), ("Two", 59.5))
    assert found == [("Title", 0.0, 9.0), ("One", 9.0, 60.0)]


@pytest.mark.parametrize("other", [("One", 0.9), ("", 9.0), ("Last", 59.5)])
def test_single_chapter_is_none(other: tuple[str, float]) -> None:
    """One chapter alone is no chapters."""
    assert told(("Title", 0.25), other) == []


def test_more_than_a_byte_counts() -> None:
    """A file has at most 255 chapters: players count them in one byte."""
    found = told(*((str(number), number * 2.0) for number in range(400)), duration_s=900.0)
    assert len(found) == 255
    assert found[-1] == ("254", 508.0, 900.0)


@pytest.mark.parametrize(
    ("title", "cut"),
    [
        ("Short —\n title", "Short — title"),
        ("ü" * 64, "ü" * 63),
        ("x" * 126 + "ü", "x" * 126),
        ("x" * 126 + "u\u0308", "x" * 126),
        ("x" * 127, "x" * 127),
        ("caf\udce9", "caf\ufffd"),
    ],
)
def test_long_title_is_cut(title: str, cut: str) -> None:
    """A title is cut at 127 bytes, between two letters."""
    assert cut_title(title) == cut


def test_json_names_web_pictures_only() -> None:
    """The JSON names a picture of the web; no path, and no password."""
    addresses = ["", "https://example.org/a.jpg", "pictures/a.jpg", "https://me:word@example.org/a"]
    chapters = [Chapter(f"C {at}", at * 5.0, image=each) for at, each in enumerate(addresses)]
    found = json.loads(chapters_json(chapters))
    assert found["version"] == "1.2.0"
    assert found["chapters"][1] == {"startTime": 5.0, "title": "C 1", "img": addresses[1]}
    assert [sorted(each) for each in found["chapters"]] == [
        ["startTime", "title"],
        ["img", "startTime", "title"],
        ["startTime", "title"],
        ["startTime", "title"],
    ]
