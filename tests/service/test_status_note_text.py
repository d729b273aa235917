"""The status note, as a person on a laptop reads it."""

from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from narrated.outbox.notes import error_note
from narrated.service.status_note_text import status_note
from narrated.service.status_report import DaemonState, HeldFile, ReadingStatus, StatusReport

NOW = datetime(2026, 11, 22, 8, 46, 10, tzinfo=timezone(timedelta(hours=1)))


def note_of(state: DaemonState, **fields: Any) -> str:
    return status_note(StatusReport(state, "", "inbox", "outbox", **fields), NOW)


def test_status_note_text() -> None:
    """A status note has all sections."""
    note = note_of(
        "working",
        reading=(
            ReadingStatus("blog/post.md", 0.428, 250.0, 900),
            ReadingStatus("b.md", 0.0, None, 900, listening=1, retakes=2),
        ),
        queued=12,
        queue=("c.md", "d.md"),
        waiting=(HeldFile("e.md", "the disk is full", "Free some space."),),
        arriving=(("h.md", "it is still being written"),),
        failed=(HeldFile("f.md", "no words in it", ""),),
        doubtful=(("i.md", 2),),
        doubtful_count=12,
        conflicts=("g.sync-conflict-20261122-072736-JDC4FTG.md",),
        notices=("The inbox is missing.",),
        done_today=7,
    )
    assert note == (
        "narrated: reading aloud\n"
        "as of 2026-11-22 08:46:10 +0100\n"
        "\n"
        "Please look\n"
        "  The inbox is missing.\n"
        "\n"
        "Being read\n"
        "  blog/post.md: 42 %, about 4 minutes left\n"
        "  b.md: 0 %; listening to 1 take, 2 takes spoken again\n"
        "\n"
        "Next (12 in the queue)\n"
        "  c.md\n"
        "  d.md\n"
        "  and 10 more\n"
        "\n"
        "Waiting\n"
        "  e.md: the disk is full\n"
        "  h.md: it is still being written\n"
        "\n"
        "Failed (see the .error.txt beside each)\n"
        "  f.md: no words in it\n"
        "\n"
        "Conflicting copies, not read: keep one and delete the other\n"
        "  g.sync-conflict-20261122-072736-JDC4FTG.md\n"
        "\n"
        "Doubtful takes (`narrated takes FILE` tells more)\n"
        "  i.md: 2 doubtful takes\n"
        "  and 11 more\n"
        "\n"
        "Finished today: 7\n"
    )


@pytest.mark.parametrize("state", get_args(DaemonState))
def test_idle_status_note(state: DaemonState) -> None:
    """A note of an idle daemon has its state alone."""
    lines = note_of(state).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("narrated: ")


def test_many_failures_are_counted() -> None:
    """Many failures are counted, and not all listed."""
    note = note_of("idle", failed=tuple(HeldFile(f"{n}.md", "", "") for n in range(25)))
    assert "  9.md" in note
    assert "  10.md" not in note
    assert "  and 15 more\n" in note


def test_unlisted_failures_are_counted() -> None:
    """A report lists the first failures; a note counts all that the ledger knows."""
    failed = tuple(HeldFile(f"{n}.md", "", "") for n in range(50))
    note = note_of("idle", failed=failed, counts={"failed": 568})
    assert "  and 558 more\n" in note


def test_unlisted_arrivals_are_counted() -> None:
    """Files that wait or arrive are counted together, listed or not."""
    arriving = tuple((f"{n}.md", "it is being written") for n in range(50))
    waiting = (HeldFile("first.md", "the disk is full", ""),)
    note = note_of(
        "waiting", waiting=waiting, counts={"waiting": 1}, arriving=arriving, arriving_count=200
    )
    assert "  and 191 more\n" in note


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "less than a minute"),
        (61, "about a minute"),
        (1800, "about 30 minutes"),
        (8 * 3600 + 300, "about 8 h 05 min"),
    ],
)
def test_time_left_is_readable(seconds: float, words: str) -> None:
    """The time left is given in words of everyday."""
    note = note_of("working", reading=(ReadingStatus("a.md", 0.1, seconds, 900),))
    assert f"10 %, {words} left" in note


def test_name_forges_no_line() -> None:
    """No name can forge a line of a note."""
    name = "a.md\nnarrated: stopped\u202e\udcff\\"
    for note in (
        note_of(
            "working",
            reading=(ReadingStatus(name, 0.5, None, 900),),
            queued=1,
            queue=(name,),
            waiting=(HeldFile(name, name, ""),),
        ),
        error_note(f"{name} is odd", name, name, NOW),
    ):
        assert "a.md\\nnarrated: stopped\\u202e\\udcff\\\\" in note
        assert not any(line.startswith("narrated: stopped") for line in note.splitlines())
        assert "\u202e" not in note
        note.encode("utf-8")
