"""A settings file's new content changes some posts, and leaves the others alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger

SEEN = FileSignature(1, 2, 3, 4)
MANY = 1000


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
    ledger.consulted.record(path, files)
    return job


def _with_other(ledger: Ledger, path: str, sha256: str) -> list[str]:
    """Posts in the inbox that were planned with another version, as a requeue finds them."""
    return ledger.consulted.planned_among(ledger.consulted.readers_of_other(path, sha256, "", MANY))


def _without(ledger: Ledger, path: str) -> list[str]:
    """Posts that a file applies to by its place, and that were planned without it."""
    page = ledger.consulted.sources_below(path, "", MANY)
    return ledger.consulted.posts_without(path, "", page[-1], MANY) if page else []


def test_record_replaces_the_last(
    ledger: Ledger,
) -> None:
    """The files of a newer plan replace those of the last."""
    _planned(ledger, "a.md", lexicon="1", other="2")
    ledger.consulted.record("a.md", {"lexicon.yaml": "3"})
    assert ledger.consulted.of_post("a.md") == {"lexicon.yaml": "3"}


def test_other_content_is_found(ledger: Ledger) -> None:
    """Only posts planned with another content are found."""
    _planned(ledger, "same.md", lexicon="new")
    _planned(ledger, "other.md", lexicon="old")
    _planned(ledger, "missed.md", lexicon="")
    _planned(ledger, "without.md")
    assert _with_other(ledger, "lexicon.yaml", "new") == ["missed.md", "other.md"]


def test_gone_file_affects_its_posts(ledger: Ledger) -> None:
    """A file that is gone affects the posts that were planned with it."""
    _planned(ledger, "had.md", lexicon="old")
    _planned(ledger, "missed.md", lexicon="")
    assert _with_other(ledger, "lexicon.yaml", "") == ["had.md"]


def test_new_file_affects_posts_below(ledger: Ledger) -> None:
    """A new file affects the posts in its folder and below that had none."""
    for path in ("a/post.md", "a/b/post.md", "a.md", "a0/post.md", "post.md", "a\udcff/x.md"):
        _planned(ledger, path)
    _planned(ledger, "a/had.md", a__lexicon="1")
    assert _without(ledger, "a/lexicon.yaml") == ["a/b/post.md", "a/post.md"]
    assert len(_without(ledger, "lexicon.yaml")) == 7


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.WAITING, JobState.PLANNED])
def test_planned_or_failed_is_found(ledger: Ledger, state: JobState) -> None:
    """A post that was planned, failed or waits is found."""
    _planned(ledger, "post.md", state, lexicon="old")
    assert _with_other(ledger, "lexicon.yaml", "new") == ["post.md"]


def test_queued_post_is_not_found(ledger: Ledger) -> None:
    """A post that is queued is not found: it will read the new content."""
    _planned(ledger, "post.md", lexicon="old")
    _planned(ledger, "post.md", JobState.QUEUED, lexicon="old")
    assert _with_other(ledger, "lexicon.yaml", "new") == []
    assert _without(ledger, ".narrated.yaml") == []


def test_gone_post_is_not_found(ledger: Ledger) -> None:
    """A post that is gone is not found."""
    _planned(ledger, "post.md", lexicon="old")
    ledger.sources.mark_gone("post.md")
    assert _with_other(ledger, "lexicon.yaml", "new") == []


def test_unwanted_post_is_found(
    ledger: Ledger,
) -> None:
    """A post that settings excluded is found, and a cancelled one is not."""
    unwanted = _planned(ledger, "unwanted.md", lexicon="old")
    ledger.jobs.move(unwanted, JobState.REMOVED, reason=JobReason.UNWANTED)
    cancelled = _planned(ledger, "cancelled.md", lexicon="old")
    ledger.jobs.move(cancelled, JobState.REMOVED)
    assert _with_other(ledger, "lexicon.yaml", "new") == ["unwanted.md"]


def test_forgotten_post_has_no_inputs(ledger: Ledger) -> None:
    """A forgotten post has no recorded files."""
    _planned(ledger, "post.md", lexicon="old")
    ledger.sources.forget("post.md")
    assert ledger.consulted.of_post("post.md") == {}
