"""Hours of work: ranges of local time, across midnight and the changes to and from summer time."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from narrated.config.file import parse, to_yaml
from narrated.config.work_hours import WorkHours
from narrated.errors import ConfigurationError

FOLDERS = "inbox: in\noutbox: out\n"


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone with summer time."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _hours(written: str) -> WorkHours:
    return parse(f"{FOLDERS}hours: {written}\n", Path("/etc/narrated.yaml")).hours


def _at(local: str) -> float:
    return datetime.fromisoformat(local).timestamp()


def _local(at: float) -> str:
    return datetime.fromtimestamp(at).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("written", "open_at", "closed_at"),
    [
        ("22:00-07:00", ["22:00", "23:59", "00:00", "06:59"], ["07:00", "12:00", "21:59"]),
        ("[22:00-07:00, 12:00-13:30]", ["12:00", "13:29", "03:00"], ["11:59", "13:30"]),
        ("9-17", ["09:00", "16:59"], ["08:59", "17:00"]),
        ("18:00 - 24:00", ["18:00", "23:59"], ["00:00", "17:59"]),
        ("[22:00-24:00, 0:00-7:00]", ["23:59", "00:00"], ["07:00"]),
        ("00:00-24:00", ["00:00", "12:00", "23:59"], []),
        ("[]", ["00:00", "12:00", "23:59"], []),
    ],
)
def test_range_holds_its_times(written: str, open_at: list[str], closed_at: list[str]) -> None:
    """A range holds its begin and not its end; one that ends before it begins crosses midnight."""
    hours = _hours(written)
    assert all(hours.are_open(_at(f"2026-11-30 {each}")) for each in open_at)
    assert not any(hours.are_open(_at(f"2026-11-30 {each}")) for each in closed_at)


@pytest.mark.parametrize(
    ("written", "now", "opening"),
    [
        ("22:00-07:00", "2026-11-30 12:00", "2026-11-30 22:00"),
        ("22:00-07:00", "2026-11-30 23:00", "2026-11-30 23:00"),
        ("09:00-10:00", "2026-11-30 12:00", "2026-12-01 09:00"),
        ("[22:00-23:00, 13:00-14:00]", "2026-12-31 23:30", "2027-01-01 13:00"),
        ("22:00-07:00", "2026-03-28 12:00", "2026-03-28 22:00"),  # the night of 23 hours
        ("02:15-02:45", "2026-03-28 12:00", "2026-03-30 02:15"),  # skipped by that night
        ("04:00-05:00", "2026-10-24 12:00", "2026-10-25 04:00"),  # after the night of 25 hours
    ],
)
def test_opening_is_local_time(written: str, now: str, opening: str) -> None:
    """The next opening is a time of the local clock, whatever summer time does that night."""
    assert _local(_hours(written).opening(_at(now))) == opening


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "night",
            "Expected hours from and to, such as 22:00-07:00, or a list of them, got `night`",
        ),
        ("22:00", "got `22:00`"),  # YAML reads it as 1320
        ("5", "got `5`"),
        ("", "got nothing"),
        ("[22:00-07:00, noon]", "got `noon`"),
        ("25:00-07:00", "There is no time `25:00`; the last one is 24:00"),
        ("22:00-07:75", "There is no time `07:75`"),
        ("22:00-24:30", "There is no time `24:30`"),
        ("07:00-7:00", "begins and ends at the same time; 00:00-24:00 is the whole day"),
        ("22:00-07:00-08:00", "got `22:00-07:00-08:00`"),
    ],
)
def test_wrong_hours_are_refused(written: str, told: str) -> None:
    """What is no range names the key, what was written, and an example."""
    with pytest.raises(ConfigurationError) as refused:
        _hours(written)
    assert "`hours`: " in str(refused.value)
    assert told in str(refused.value)


def test_hours_are_written_as_read() -> None:
    """`config show` prints ranges that can be read again."""
    config = parse(f"{FOLDERS}hours: [22-7, '12:00-13:30']\n", Path("/etc/narrated.yaml"))
    shown = to_yaml(config)
    assert "hours:\n- 22:00-07:00\n- 12:00-13:30\n" in shown
    again = "".join(line for line in shown.splitlines(True) if not line.startswith("source"))
    assert parse(again, Path("/etc/narrated.yaml")).hours == config.hours


@pytest.mark.parametrize(
    ("written", "minutes"), [("22:00-07:00", 540), ("[9-12, 11-13]", 240), ("[]", 1440)]
)
def test_minutes_a_day(written: str, minutes: int) -> None:
    """The minutes of a day count once, though two ranges hold them."""
    assert _hours(written).minutes_a_day == minutes
