"""Takes of published narrations in the ledger, by job."""

from pathlib import Path

import pytest

from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.job_takes import TakeCounts
from narrated.ledger.store import Ledger
from narrated.outbox.manifest_takes import ManifestTakes

GOOD = ManifestTakes(checked=3, heard=3, hearing="whisper", rules=1)
DOUBTFUL = ManifestTakes(checked=5, heard=4, hearing="whisper", rules=1, retaken=2, doubtful=1)
TIMES = [(0.25, 1.5), (1.75, 3600.125)]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def _published(ledger: Ledger, path: str, takes: ManifestTakes | None) -> Job:
    job = ledger.jobs.add(path, "ab" * 32, 10, path, cause=JobCause.FOUND)
    for state in (JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING):
        ledger.jobs.move(job, state)
    done = ledger.jobs.finish(job, 9.0)
    ledger.job_takes.record(job.id, takes, TIMES)
    return done


def test_takes_are_read_back(ledger: Ledger) -> None:
    """The report, the counts and the times of a published job are read back."""
    job = _published(ledger, "a.md", DOUBTFUL)
    assert ledger.job_takes.report(job.id) == DOUBTFUL
    assert ledger.job_takes.counts(job.id) == TakeCounts(5, 4, 2, 1, 0)
    assert ledger.job_takes.times(job.id) == TIMES


def test_unchecked_takes_have_no_counts(ledger: Ledger) -> None:
    """A job whose takes were not checked has times alone; one of before has nothing."""
    job = _published(ledger, "a.md", None)
    assert ledger.job_takes.counts(job.id) is None
    assert ledger.job_takes.report(job.id) is None
    assert ledger.job_takes.times(job.id) == TIMES
    assert ledger.job_takes.times(job.id + 1) == []


def test_older_version_keeps_counts(ledger: Ledger) -> None:
    """Once a newer version is published, the older one has its counts alone."""
    older = _published(ledger, "a.md", DOUBTFUL)
    _published(ledger, "a.md", GOOD)
    assert ledger.job_takes.counts(older.id) == TakeCounts(5, 4, 2, 1, 0)
    assert ledger.job_takes.report(older.id) is None
    assert ledger.job_takes.doubtful_count() == 0


def test_doubtful_narrations_by_folder(ledger: Ledger) -> None:
    """Narrations with doubtful chunks are counted and listed, all or below a folder."""
    for path, takes in {"b/1.md": DOUBTFUL, "b/2.md": GOOD, "b-c.md": DOUBTFUL, "b": GOOD}.items():
        _published(ledger, path, takes)
    assert ledger.job_takes.doubtful_count() == 2
    ledger.jobs.move(_published(ledger, "gone.md", DOUBTFUL), JobState.REMOVED)
    _published(ledger, "b-c.md", DOUBTFUL)
    assert ledger.job_takes.doubtful_count() == 2
    assert ledger.job_takes.first_doubtful(9) == [("b-c.md", 1), ("b/1.md", 1)]
    assert ledger.job_takes.first_doubtful(9, after="b-c.md") == [("b/1.md", 1)]
    assert ledger.job_takes.first_doubtful(9, folder="b") == [("b/1.md", 1)]
