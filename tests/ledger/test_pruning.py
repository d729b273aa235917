"""The ledger grows with the inbox, not with the years: what is past in every way is forgotten."""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.pruning import LONGEST_S, MOST_VERSIONS, SLICE_ROWS, prune, prune_in_slices
from narrated.ledger.store import Ledger
from narrated.ledger.takes import Take, hearing_key

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
    ledger.consulted.record(path, {"lexicon.yaml": "cc"})
    job = ledger.jobs.add(path, "aa", 10, path.removesuffix(".md"))
    return ledger.jobs.write_plan(job, b"plan", title="", narration="", keys=["key"])


def _knows(ledger: Ledger, path: str) -> list[bool]:
    """Of its name, choices, pictures, settings."""
    return [
        ledger.stems.of_source(path) is not None,
        bool(ledger.takes.choices(path)),
        bool(ledger.pictures.of_post(path)),
        bool(ledger.consulted.of_post(path)),
    ]


def _later(ledger: Ledger, after_s: float) -> None:
    prune(ledger, time.time() + after_s, HOUR_S)


def test_gone_file_is_forgotten(
    ledger: Ledger,
) -> None:
    """A file that is gone and was not narrated is forgotten after a while."""
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
def test_gone_file_with_work_is_kept(ledger: Ledger, state: JobState) -> None:
    """A file that is gone is kept while it has a narration or work to do."""
    job = _planned(ledger, "post.md")
    for each in {JobState.PLANNED: (), JobState.DONE: (JobState.PUBLISHING, JobState.DONE)}.get(
        state, (state,)
    ):
        ledger.jobs.move(job, each)
    ledger.sources.mark_gone("post.md")
    _later(ledger, 2 * LONGEST_S)
    assert _knows(ledger, "post.md") == [True] * 4
    assert ledger.sources.gone(time.time() + 1) == ["post.md"]


def test_present_file_is_kept(ledger: Ledger) -> None:
    """A file in the inbox is never forgotten."""
    ledger.jobs.move(_planned(ledger, "post.md"), JobState.REMOVED, reason=JobReason.UNWANTED)
    _later(ledger, 2 * LONGEST_S)
    assert _knows(ledger, "post.md") == [True] * 4
    assert [job.state for job in ledger.jobs.history("post.md")] == [JobState.REMOVED]


def test_unread_file_leaves_nothing(ledger: Ledger) -> None:
    """A file that was never readable leaves no records once it is gone."""
    ledger.jobs.move(_planned(ledger, "post.md", there=False), JobState.REMOVED)
    _later(ledger, 0)
    assert _knows(ledger, "post.md") == [False] * 4


def test_versions_are_kept_for_a_year(ledger: Ledger) -> None:
    """The last versions of a file are kept for a year."""
    jobs = [_planned(ledger, "post.md") for _ in range(MOST_VERSIONS + 5)]
    done = ledger.jobs.finish(ledger.jobs.move(jobs[-1], JobState.PUBLISHING), 1.0)
    _later(ledger, 0)
    assert ledger.jobs.history("post.md")[-2:] == [ledger.jobs.get(jobs[-2].id), done]
    assert len(ledger.jobs.history("post.md")) == MOST_VERSIONS
    _later(ledger, 2 * LONGEST_S)
    assert ledger.jobs.history("post.md") == [done]


def test_crashes_are_kept_for_open_jobs(ledger: Ledger) -> None:
    """Crashes are kept as long as an open job needs the chunk."""
    job = _planned(ledger, "post.md")
    for key in ("key", "caption-key", "another"):  # pictures are described before there are chunks
        ledger.crashes.add(key)
    _later(ledger, 0)
    assert [ledger.crashes.count(key) for key in ("key", "caption-key", "another")] == [1, 1, 0]
    ledger.jobs.move(job, JobState.FAILED)
    _later(ledger, 0)
    assert ledger.crashes.count("key") == 0


def test_hearing_crashes_go_with_takes(ledger: Ledger) -> None:
    """A take that ended the hearing model stays known as that while the cache or a job has it."""
    job = _planned(ledger, "post.md")
    ledger.takes.record(Take("cached", 22050, 1.0, -20.0, -3.0, 0.1, 1000))
    models = ("whisper-base-1", "ear")
    keys = [hearing_key(key, model) for key in ("key", "cached", "gone") for model in models]
    for key in keys:
        ledger.crashes.add(key)
    _later(ledger, 0)
    assert [ledger.crashes.count(key) for key in keys] == [1, 1, 1, 1, 0, 0]
    ledger.jobs.move(job, JobState.FAILED)
    _later(ledger, 0)
    assert [ledger.crashes.count(key) for key in keys] == [0, 0, 1, 1, 0, 0]
    ledger.crashes.reset_hearing(["cache", "cached"])
    assert not ledger.crashes.any_known


def test_gone_captions_are_forgotten(ledger: Ledger) -> None:
    """The caption of a picture, and a crash on the way to it, go with the picture."""
    for path, digest in (("desk.png", "aa"), ("gone.png", "bb")):
        ledger.sources.record(path, SEEN, digest)
        ledger.captions.ask(f"of {path}", digest)
        ledger.captions.record(f"of {path}", "A desk.")
        ledger.crashes.add(f"caption-of {path}")
    ledger.sources.mark_gone("gone.png")
    _later(ledger, 2 * HOUR_S)
    assert ledger.captions.get("of desk.png") == "A desk."
    assert ledger.crashes.count("caption-of desk.png") == 1
    assert ledger.captions.get("of gone.png") is None
    assert ledger.crashes.count("caption-of gone.png") == 0


def test_pruning_goes_in_slices(ledger: Ledger) -> None:
    """No transaction of pruning looks at more than a few hundred rows, and none is left out."""
    with ledger.transaction():
        for number in range(3 * SLICE_ROWS):
            ledger.stems.assign(f"{number:05}.md", f"{number:05}", f"{number:05}")
    left = [ledger.execute("SELECT count(*) FROM stems").fetchone()[0]]
    for _ in prune_in_slices(ledger, time.time(), HOUR_S):
        left.append(ledger.execute("SELECT count(*) FROM stems").fetchone()[0])
    assert left[-1] == 0
    assert max(before - after for before, after in pairwise(left)) == SLICE_ROWS
