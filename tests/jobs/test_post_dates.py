"""Dates of posts, as authors write them and as names of files have them."""

from datetime import date

import pytest

from narrated.jobs.post_dates import day_of_source, parse_day

WRITTEN_NS = 1_700_000_000 * 10**9
WRITTEN = date.fromtimestamp(1_700_000_000)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-09",
        "2024-03-09T08:00:00Z",
        "2024/3/9",
        "9 March 2024",
        "9. Mar 2024",
        "March 9, 2024",
        "9th of March, 2024",
        "Saturday, the 9th of March 2024",
        "Sat, 09 Mar 2024 08:00:00 GMT",
    ],
)
def test_written_date_is_parsed(text: str) -> None:
    """A date is read in the forms of front matter, pages and feeds."""
    assert parse_day(text) == date(2024, 3, 9)


@pytest.mark.parametrize("text", ["", "soon", "2024", "03/09/2024", "2024-02-31", "9" * 9999])
def test_no_date_is_none(text: str) -> None:
    """What is no date, or may mean two days, gives none."""
    assert parse_day(text) is None


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("2024-03-09-post.md", date(2024, 3, 9)),
        ("blog/2024/03/09/index.html", date(2024, 3, 9)),
        ("2019-01-01/2024_03_09 post.md", date(2024, 3, 9)),
        ("2019-01-01/2024-99-99.md", date(2019, 1, 1)),
        ("12024-03-091.md", WRITTEN),
        ("post.md", WRITTEN),
    ],
)
def test_path_or_file_gives_the_day(path: str, day: date) -> None:
    """The last date of a path is the post's; else the day when the file was written."""
    assert day_of_source(path, WRITTEN_NS) == day


def test_impossible_time_is_the_oldest() -> None:
    """A file of an impossible time is older than all others."""
    assert day_of_source("post.md", 10**30) == date.min
