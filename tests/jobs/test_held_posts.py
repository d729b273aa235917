"""Which posts are held back, and until when."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from narrated.jobs.held_posts import find_hold
from narrated.jobs.publication_times import publication_s
from narrated.script.script import Draft, Script


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in New York."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _draft(**fields: str) -> Draft:
    words = {"kind": "text", "title": "A", "author": "", "date": "", "language": "en"}
    parts = {"narrate": True, "speakers": {}, "shown": (), "script": Script((), ()), "chunks": ()}
    return Draft(**{**words, **parts, **fields})


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2030-01-02", "2030-01-02T05:00"),
        ("2 January 2030", "2030-01-02T05:00"),
        ("2030-07-02", "2030-07-02T04:00"),
        ("2030-01-02 10:20", "2030-01-02T15:20"),
        ("2030-01-02 9:20:30 -0800", "2030-01-02T17:20:30"),
        ("2030-01-02T10:20:30Z", "2030-01-02T10:20:30"),
        ("2030-01-02T10:20:30.123456789+01:00", "2030-01-02T09:20:30"),
        ("Wed, 02 Jan 2030 10:20:30 +0200", "2030-01-02T08:20:30"),
        ("January 2nd, 2030", "2030-01-02T05:00"),
        ("1/2/2030", "2030-01-02T05:00"),
        ("13/2/2030", "2030-02-13T05:00"),
        ("1.2.2030", "2030-02-01T05:00"),
        ("2030", "2030-01-01T05:00"),
        ("2030-02", "2030-02-01T05:00"),
        ("Feb 2030", "2030-02-01T05:00"),
        ("2030-01-02T25:99", "2030-01-02T05:00"),
    ],
)
def test_date_begins_in_its_zone(new_york: None, written: str, moment: str) -> None:
    """A day begins at local midnight; a time of day is local, or in the zone that it names."""
    assert publication_s(written) == datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "written", ["", "soon", "1:2", "13/13/2030", "0000", "2030-13", "2030-13-45", "9" * 10_000]
)
def test_words_are_no_date(written: str) -> None:
    """What is no date tells no time."""
    assert publication_s(written) is None


def test_farthest_days_are_times() -> None:
    """The first and the last day of the calendar are before and after everything."""
    assert publication_s("0001-01-01") < time.time() < publication_s("9999-12-31")
    hold = find_hold("a.md", _draft(date="9999-12-31"))
    assert hold is not None and hold.due_at is not None


def test_own_date_goes_before_path() -> None:
    """A date in front matter counts, and that of the path without one."""
    assert find_hold("2999-01-02-a.md", _draft())
    assert find_hold("2999/01/02/a.md", _draft(date="some day"))
    assert find_hold("2999-01-02-a.md", _draft(date="2020-01-02")) is None
    assert find_hold("2020-01-02-a.md", _draft(publish_at="2999-01-02", date="2020-01-02"))


def test_only_texts_have_dates() -> None:
    """A picture is held back among drafts, and not for a date in its name."""
    assert find_hold("_drafts/2020/a.png", _draft(kind="picture"))
    assert find_hold("2999-01-02.png", _draft(kind="picture")) is None
    assert find_hold("my_drafts/_drafts.md", _draft()) is None
