"""The ledger grows with the inbox, not with the years: what is past in every way is forgotten."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from narrated.inbox.readiness import FileSignature
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.retention import LONGEST_S, MOST_VERSIONS
from narrated.ledger.store import Ledger

SEEN = FileSignature(1, 2, 3, 4)
HOUR_S = 3600.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def _planned(ledger: Ledger, path: str, *, there: bool = True) -> Job:
    """A file with all that the ledger may know of it."""
    if there:
        ledger.sources.record(path, SEEN, "aa")
    if ledger.stems.of_source(path) is None:
        ledger.stems.assign(path, path.removesuffix(".md"), path)
    ledger.takes.choose_next(path, ["digest"])
    ledger.pictures.record(path, {"desk.png": "bb"})
    ledger.plan_inputs.record(path, {"lexicon.yaml": "cc"})
    job = ledger.jobs.add(path, "aa", 10, path.removesuffix(".md"))
    return ledger.jobs.write_plan(job, b"plan", title="", narration="", keys=["key"])


def _knows(ledger: Ledger, path: str) -> list[bool]:
    """Of its name, choices, pictures, settings."""
    return [
        ledger.stems.of_source(path) is not None,
        bool(ledger.takes.choices(path)),
        bool(ledger.pictures.of_post(path)),
        bool(ledger.plan_inputs.of_post(path)),
    ]


def _later(ledger: Ledger, after_s: float) -> None:
    ledger.retention.prune(time.time() + after_s, HOUR_S)


def test_a_file_that_is_gone_and_was_not_narrated_is_forgotten_after_a_while(
    ledger: Ledger,
) -> None:
    ledger.jobs.move(_planned(ledger, "post.md"), JobState.REMOVED)
    ledger.sources.mark_gone("post.md")
    _later(ledger, HOUR_S / 2)
    assert _knows(ledger, "post.md") == [True] * 4
    _later(ledger, 2 * HOUR_S)
    assert _knows(ledger, "post.md") == [False] * 4
    assert ledger.sources.gone() == []
    assert ledger.stems.owner("post.md") is None


@pytest.mark.parametrize(
    "state", [JobState.DONE, JobState.FAILED, JobState.WAITING, JobState.PLANNED]
)
def test_a_file_that_is_gone_is_known_while_anything_of_it_stands_or_is_to_be_done(
    ledger: Ledger, state: JobState
) -> None:
    job = _planned(ledger, "post.md")
    for each in {JobState.PLANNED: (), JobState.DONE: (JobState.PUBLISHING, JobState.DONE)}.get(
        state, (state,)
    ):
        ledger.jobs.move(job, each)
    ledger.sources.mark_gone("post.md")
    _later(ledger, 2 * LONGEST_S)
    assert _knows(ledger, "post.md") == [True] * 4
    assert ledger.sources.gone(time.time() + 1) == ["post.md"]


def test_a_file_that_is_there_is_never_forgotten(ledger: Ledger) -> None:
    ledger.jobs.move(_planned(ledger, "post.md"), JobState.REMOVED, reason=JobReason.UNWANTED)
    _later(ledger, 2 * LONGEST_S)
    assert _knows(ledger, "post.md") == [True] * 4
    assert [job.state for job in ledger.jobs.history("post.md")] == [JobState.REMOVED]


def test_a_file_that_was_never_readable_leaves_nothing_when_it_is_gone(ledger: Ledger) -> None:
    ledger.jobs.move(_planned(ledger, "post.md", there=False), JobState.REMOVED)
    _later(ledger, 0)
    assert _knows(ledger, "post.md") == [False] * 4


def test_the_last_versions_of_a_file_are_remembered_for_a_year(ledger: Ledger) -> None:
    jobs = [_planned(ledger, "post.md") for _ in range(MOST_VERSIONS + 5)]
    done = ledger.jobs.finish(ledger.jobs.move(jobs[-1], JobState.PUBLISHING), 1.0)
    _later(ledger, 0)
    assert ledger.jobs.history("post.md")[-2:] == [ledger.jobs.get(jobs[-2].id), done]
    assert len(ledger.jobs.history("post.md")) == MOST_VERSIONS
    _later(ledger, 2 * LONGEST_S)
    assert ledger.jobs.history("post.md") == [done]


def test_deaths_are_remembered_while_the_piece_is_to_be_spoken(ledger: Ledger) -> None:
    job = _planned(ledger, "post.md")
    for key in ("key", "caption-key", "another"):  # pictures are described before there are chunks
        ledger.crashes.add(key)
    _later(ledger, 0)
    assert [ledger.crashes.count(key) for key in ("key", "caption-key", "another")] == [1, 1, 0]
    ledger.jobs.move(job, JobState.FAILED)
    _later(ledger, 0)
    assert ledger.crashes.count("key") == 0
