"""Episodes keep their numbers, and the feed's items follow the published jobs."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from narrated.ledger.episodes import ListedEpisode
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def _published(ledger: Ledger, path: str, at: float = 1.0) -> Job:
    values = {"size_bytes": 1, "title": "", "narration": "", "duration_s": 1.0, "done_at": at}
    return ledger.jobs.add_published(path, "aa", path.removesuffix(".md"), **values)


def _list(ledger: Ledger, job: Job, dated_at: float, show: str = "") -> None:
    ledger.episodes.guid(job.path)
    listed = ListedEpisode(job.path, dated_at, f"{job.stem}.mp3", 5)
    ledger.episodes.keep(job, "digest", os.fsencode(job.path), listed, show)


def test_number_is_given_once(ledger: Ledger) -> None:
    """An episode keeps the number that it got first, and no two have the same."""
    first, other = ledger.episodes.guid("a.md"), ledger.episodes.guid("b.md")
    assert first != other
    assert ledger.episodes.guid("a.md") == first == ledger.episodes.give("a.md", "urn:x", 0.0)


def test_copied_number_is_replaced(ledger: Ledger) -> None:
    """A manifest that somebody copied brings no number twice."""
    first = ledger.episodes.give("a.md", "urn:x", 0.0)
    assert (first, ledger.episodes.give("b.md", "urn:x", 0.0) != first) == ("urn:x", True)


def test_number_moves_along(ledger: Ledger) -> None:
    """A source that moves takes its number to a path that is in no feed, though it has one."""
    number, _ = ledger.episodes.guid("a.md"), ledger.episodes.guid("b.md")
    ledger.episodes.rename("a.md", "b.md")
    assert ledger.episodes.guid("b.md") == number
    assert ledger.episodes.guid("a.md") != number


def test_listed_episode_keeps_number(ledger: Ledger) -> None:
    """An episode that is in the feed keeps its number, though another moves to its path."""
    _list(ledger, _published(ledger, "b.md"), 1.0)
    number = ledger.episodes.guid("b.md")
    ledger.episodes.guid("a.md")
    ledger.episodes.rename("a.md", "b.md")
    ledger.episodes.rename("none.md", "b.md")
    assert ledger.episodes.guid("b.md") == number


def _made_for(ledger: Ledger) -> list[tuple[int, str]]:
    return [(each.job, each.made_for) for each in ledger.episodes.published()]


def test_item_tells_its_show(ledger: Ledger) -> None:
    """A published job tells the show of its item; that of an older job counts for none."""
    old, new = _published(ledger, "a.md"), _published(ledger, "b.md")
    assert _made_for(ledger) == [(new.id, ""), (old.id, "")]
    for job in (old, new):
        _list(ledger, job, 1.0)
    assert _made_for(ledger) == [(new.id, "digest"), (old.id, "digest")]
    ledger.jobs.move(old, JobState.SUPERSEDED)
    assert _made_for(ledger) == [(new.id, "digest")]
    again = _published(ledger, "a.md")
    assert _made_for(ledger) == [(again.id, ""), (new.id, "digest")]


def test_withdrawn_narration_has_no_item(ledger: Ledger) -> None:
    """A narration that is withdrawn leaves the list, and its number stays."""
    job = _published(ledger, "a.md")
    _list(ledger, job, 1.0)
    number = ledger.episodes.guid("a.md")
    assert ledger.episodes.withdrawn() == []
    ledger.jobs.move(job, JobState.REMOVED)
    assert ledger.episodes.withdrawn() == ["a.md"]
    ledger.episodes.unlist(["a.md"])
    assert (ledger.episodes.listed(), ledger.episodes.withdrawn()) == ({}, [])
    assert ledger.episodes.guid("a.md") == number


def test_newest_episode_is_first(ledger: Ledger) -> None:
    """Episodes are in the order of their dates; of one day, the last name is the newest."""
    dated = {"x1.md": 5.0, "x2.md": 5.0, "a.md": 9.0, "z.md": 1.0, "b\udcfe.md": 7.0}
    for path, at in dated.items():
        _list(ledger, _published(ledger, path), at)
    _list(ledger, _published(ledger, "other.md"), 2.0, show="other")
    order = ["a.md", "b\udcfe.md", "x2.md", "x1.md", "z.md"]
    listed = ledger.episodes.listed()
    assert [each.path for each in listed[""]] == order
    assert [each.sound for each in listed["other"]] == ["other.mp3"]
    assert list(ledger.episodes.items(["z.md", "a.md", "none.md"])) == [b"z.md", b"a.md"]


def test_show_keeps_its_number(ledger: Ledger) -> None:
    """A show keeps the number that it got first."""
    assert ledger.podcasts.guid("") == ""
    ledger.podcasts.give("", "one")
    ledger.podcasts.give("", "two")
    assert ledger.podcasts.guid("") == "one"
    ledger.podcasts.give("b\udcfe", "three")
    assert ledger.podcasts.folders() == {"", "b\udcfe"}
