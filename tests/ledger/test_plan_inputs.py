"""Which posts another content of a settings file changes, and which it leaves alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.inbox.readiness import FileSignature
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger

SEEN = FileSignature(1, 2, 3, 4)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def _planned(
    ledger: Ledger, path: str, state: JobState = JobState.PLANNED, **consulted: str
) -> Job:
    """A post that is there, in a state, and what it was planned with (`__` stands for a slash)."""
    ledger.sources.record(path, SEEN, "aa")
    job = ledger.jobs.add(path, "aa", 10, path)
    if state is not JobState.QUEUED:
        job = ledger.jobs.move(job, state)
    files = {name.replace("__", "/") + ".yaml": sha256 for name, sha256 in consulted.items()}
    ledger.plan_inputs.record(path, files)
    return job


def test_what_a_post_was_planned_with_is_kept_instead_of_what_it_was_before(
    ledger: Ledger,
) -> None:
    _planned(ledger, "a.md", lexicon="1", other="2")
    ledger.plan_inputs.record("a.md", {"lexicon.yaml": "3"})
    assert ledger.plan_inputs.of_post("a.md") == {"lexicon.yaml": "3"}


def test_only_who_was_planned_with_another_content_is_found(ledger: Ledger) -> None:
    _planned(ledger, "same.md", lexicon="new")
    _planned(ledger, "other.md", lexicon="old")
    _planned(ledger, "missed.md", lexicon="")
    _planned(ledger, "without.md")
    assert ledger.plan_inputs.posts_with_other("lexicon.yaml", "new") == ["missed.md", "other.md"]


def test_a_file_that_goes_concerns_those_that_had_it(ledger: Ledger) -> None:
    _planned(ledger, "had.md", lexicon="old")
    _planned(ledger, "missed.md", lexicon="")
    assert ledger.plan_inputs.posts_with_other("lexicon.yaml", "") == ["had.md"]


def test_a_file_that_comes_concerns_those_below_it_that_had_none(ledger: Ledger) -> None:
    for path in ("a/post.md", "a/b/post.md", "a.md", "a0/post.md", "post.md", "a\udcff/x.md"):
        _planned(ledger, path)
    _planned(ledger, "a/had.md", a__lexicon="1")
    assert ledger.plan_inputs.posts_without("a/lexicon.yaml") == ["a/b/post.md", "a/post.md"]
    assert len(ledger.plan_inputs.posts_without("lexicon.yaml")) == 7


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.WAITING, JobState.PLANNED])
def test_a_post_that_was_planned_or_failed_is_found(ledger: Ledger, state: JobState) -> None:
    _planned(ledger, "post.md", state, lexicon="old")
    assert ledger.plan_inputs.posts_with_other("lexicon.yaml", "new") == ["post.md"]


def test_a_post_that_is_yet_to_be_planned_is_not_found(ledger: Ledger) -> None:
    _planned(ledger, "post.md", lexicon="old")
    _planned(ledger, "post.md", JobState.QUEUED, lexicon="old")
    assert ledger.plan_inputs.posts_with_other("lexicon.yaml", "new") == []
    assert ledger.plan_inputs.posts_without(".narrated.yaml") == []


def test_a_post_that_is_gone_is_not_found(ledger: Ledger) -> None:
    _planned(ledger, "post.md", lexicon="old")
    ledger.sources.mark_gone("post.md")
    assert ledger.plan_inputs.posts_with_other("lexicon.yaml", "new") == []


def test_a_post_that_was_not_to_be_narrated_is_found_and_a_cancelled_one_is_not(
    ledger: Ledger,
) -> None:
    unwanted = _planned(ledger, "unwanted.md", lexicon="old")
    ledger.jobs.move(unwanted, JobState.REMOVED, reason=JobReason.UNWANTED)
    cancelled = _planned(ledger, "cancelled.md", lexicon="old")
    ledger.jobs.move(cancelled, JobState.REMOVED)
    assert ledger.plan_inputs.posts_with_other("lexicon.yaml", "new") == ["unwanted.md"]


def test_a_post_that_is_forgotten_was_planned_with_nothing(ledger: Ledger) -> None:
    _planned(ledger, "post.md", lexicon="old")
    ledger.sources.forget("post.md")
    assert ledger.plan_inputs.of_post("post.md") == {}
