"""The ledger's promises: legal moves only, one transaction a move, and nothing lost on the way."""

import itertools
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import LEGAL, OPEN, Job, JobCause, JobReason, JobState
from narrated.ledger.pruning import prune
from narrated.ledger.set_aside import DamagedLedger
from narrated.ledger.store import Ledger

SEEN = FileSignature(1, 2, 3, 4)
ROUTES = {
    JobState.QUEUED: (),
    JobState.PLANNED: (JobState.PLANNED,),
    JobState.SPEAKING: (JobState.PLANNED, JobState.SPEAKING),
    JobState.PUBLISHING: (JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING),
    JobState.DONE: (JobState.PLANNED, JobState.PUBLISHING, JobState.DONE),
    JobState.FAILED: (JobState.FAILED,),
    JobState.WAITING: (JobState.WAITING,),
    JobState.SUPERSEDED: (JobState.SUPERSEDED,),
    JobState.REMOVED: (JobState.REMOVED,),
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def _job(ledger: Ledger, path: str = "post.md", sha256: str = "aa", **more: JobCause) -> Job:
    return ledger.jobs.add(path, sha256, 10, path.removesuffix(".md"), **more)


def _chunk_keys(ledger: Ledger, job: Job) -> list[str]:
    rows = ledger.execute("SELECT key FROM chunks WHERE job = ? ORDER BY seq", (job.id,))
    return [key for (key,) in rows]


def _in_state(ledger: Ledger, state: JobState, path: str = "post.md") -> Job:
    job = _job(ledger, path)
    for step in ROUTES[state]:
        job = ledger.jobs.move(job, step)
    return job


def test_only_legal_moves(ledger: Ledger) -> None:
    """A job makes legal moves only."""
    for before, after in itertools.product(JobState, JobState):
        job = _in_state(ledger, before, path=f"{before}-{after}.md")
        if after in LEGAL[before]:
            assert ledger.jobs.move(job, after).state is after
        else:
            with pytest.raises(ValueError, match=f"from {before} to {after}"):
                ledger.jobs.move(job, after)
            assert ledger.jobs.get(job.id).state is before


def test_counts_follow_all_moves(ledger: Ledger) -> None:
    """Jobs are counted as they come, move and go, without looking at each of them."""
    for state in JobState:
        _in_state(ledger, state, path=f"{state}.md")
    _in_state(ledger, JobState.DONE, path="another.md")
    ledger.execute("DELETE FROM jobs WHERE state = 'removed'")
    expected = dict.fromkeys(set(JobState) - {JobState.REMOVED}, 1) | {JobState.DONE: 2}
    assert ledger.jobs.counts() == expected


def test_waiting_jobs_by_reason(ledger: Ledger) -> None:
    """The jobs that wait for some of the reasons are listed in order, a page at a time."""
    reasons = [JobReason.ABSENT, JobReason.ENGINE, JobReason.UNREADABLE] * 3
    for number, reason in enumerate(reasons):
        ledger.jobs.move(_job(ledger, f"{number}.md"), JobState.WAITING, reason=reason)
    asked = (JobReason.UNREADABLE, JobReason.ABSENT)
    first = ledger.jobs.waiting_for(*asked, limit=4)
    assert [job.path for job in first] == ["0.md", "2.md", "3.md", "5.md"]
    ledger.jobs.move(_job(ledger, "unread.md", ""), JobState.WAITING, reason=JobReason.UNREADABLE)
    rest = ledger.jobs.waiting_for(*asked, after=first[-1].id, known=True)
    assert [job.path for job in rest] == ["6.md", "8.md"]


def test_every_job_can_end() -> None:
    """Every open, waiting or failed job can be superseded and removed."""
    for state in OPEN | {JobState.WAITING, JobState.FAILED}:
        assert {JobState.SUPERSEDED, JobState.REMOVED} <= LEGAL[state]


def test_new_version_supersedes_older(ledger: Ledger) -> None:
    """A new version supersedes unfinished ones at once, and a published one once it is done."""
    first = ledger.jobs.move(_job(ledger), JobState.WAITING)
    done = _in_state(ledger, JobState.DONE)
    newer = _job(ledger, sha256="bb")
    assert ledger.jobs.get(first.id).state is JobState.SUPERSEDED
    assert ledger.jobs.get(done.id).state is JobState.DONE
    assert ledger.jobs.current("post.md") == newer
    assert ledger.jobs.published("post.md") == done
    for state in ROUTES[JobState.PUBLISHING]:
        ledger.jobs.move(newer, state)
    ledger.jobs.finish(newer, 1.5)
    assert ledger.jobs.get(done.id).state is JobState.SUPERSEDED
    assert ledger.jobs.published("post.md") == ledger.jobs.get(newer.id)
    assert ledger.jobs.get(newer.id).duration_s == 1.5


def test_publishing_is_not_stopped(
    ledger: Ledger,
) -> None:
    """A version that is being published is not stopped by a newer one."""
    publishing = _in_state(ledger, JobState.PUBLISHING)
    newer = _job(ledger, sha256="bb")
    assert ledger.jobs.get(publishing.id).state is JobState.PUBLISHING
    assert ledger.jobs.stoppable("post.md") == [newer]
    ledger.jobs.finish(publishing, 1.0)
    assert ledger.jobs.published("post.md") == ledger.jobs.get(publishing.id)
    for state in ROUTES[JobState.PUBLISHING]:
        ledger.jobs.move(newer, state)
    ledger.jobs.finish(newer, 1.0)
    assert ledger.jobs.get(publishing.id).state is JobState.SUPERSEDED


def test_transaction_spans_repositories(ledger: Ledger) -> None:
    """A failed transaction undoes the writes of all repositories."""
    job = _job(ledger)
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        ledger.jobs.move(job, JobState.PLANNED)
        ledger.sources.record("post.md", SEEN, "aa")
        raise ZeroDivisionError
    assert ledger.jobs.get(job.id).state is JobState.QUEUED
    assert ledger.sources.known() == {}


def test_plan_is_kept_until_superseded(ledger: Ledger) -> None:
    """A plan is kept until its job is superseded."""
    job = ledger.jobs.write_plan(
        _job(ledger), b"the plan", title="T", narration="n", keys=["k1", "k2"]
    )
    assert (job.state, job.title, job.narration) == (JobState.PLANNED, "T", "n")
    assert _chunk_keys(ledger, job) == ["k1", "k2"]
    done = ledger.jobs.finish(ledger.jobs.move(job, JobState.PUBLISHING), 1.0)
    assert ledger.jobs.plan(done) == b"the plan"
    assert _chunk_keys(ledger, done) == []
    assert ledger.jobs.plan(ledger.jobs.move(done, JobState.SUPERSEDED)) is None


def test_crashes_are_counted(ledger: Ledger) -> None:
    """Crashes are counted by key, and forgotten on request."""
    ledger.jobs.write_plan(_job(ledger), b"", title="", narration="", keys=["k1", "k2"])
    assert [ledger.crashes.add("k1") for _ in range(3)] == [1, 2, 3]
    assert ledger.crashes.count("k2") == 0
    ledger.crashes.reset(["k1"])
    assert ledger.crashes.count("k1") == 0


def test_paths_of_any_bytes(tmp_path: Path) -> None:
    """Paths of any bytes are read back as they were."""
    names = ["plain.md", "line\nbreak.md", "not-\udcff-utf8.md", "ünï.md"]
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for name in names:
        ledger.sources.record(name, SEEN, name.encode(errors="surrogateescape").hex())
        ledger.stems.assign(name, name, name.encode(errors="replace").decode())
        _job(ledger, name)
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert list(ledger.sources.known()) == sorted(
        names, key=lambda name: name.encode(errors="surrogateescape")
    )
    assert {job.path for job in ledger.jobs.all_open()} == set(names)
    assert [ledger.stems.of_source(name) for name in names] == names
    ledger.close()


def test_gone_and_forgotten_differ(ledger: Ledger) -> None:
    """A deleted file is gone; a version that the daemon removed is not."""
    ledger.sources.record("missed.md", SEEN, "aa")
    ledger.sources.record("let-go.md", SEEN, "bb")
    ledger.sources.mark_gone("missed.md")
    ledger.sources.forget_version("let-go.md", SEEN)
    assert ledger.sources.gone() == ["missed.md"]
    assert ledger.sources.known() == {}
    ledger.sources.record("missed.md", SEEN, "aa")
    assert ledger.sources.gone() == []


def test_newer_version_is_not_forgotten(ledger: Ledger) -> None:
    """Forgetting a version keeps a newer one."""
    newer = FileSignature(9, 9, 9, 9)
    ledger.sources.record("post.md", newer, "bb")
    ledger.sources.forget_version("post.md", SEEN)
    assert ledger.sources.known() == {"post.md": newer}


def test_last_arrival_comes_first(ledger: Ledger) -> None:
    """Of files with one content, the last to arrive comes first."""
    for path in ("z.md", "a.md", "m.md"):
        ledger.sources.record(path, SEEN, "aa")
        _job(ledger, path)
    ledger.sources.record("not-taken.md", SEEN, "aa")
    assert ledger.sources.arrived_since("aa", 0) == ["m.md", "a.md", "z.md"]
    assert ledger.sources.arrived_since("bb", 0) == []


def test_future_arrivals_are_old(ledger: Ledger, tmp_path: Path) -> None:
    """A file that came while the clock was ahead did not just arrive."""
    for path in ("post.md", "copy.md"):
        ledger.sources.record(path, SEEN, "aa")
        _job(ledger, path)
    assert set(ledger.sources.arrived_since("aa", time.time() - 60)) == {"post.md", "copy.md"}
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.execute("UPDATE sources SET seen_at = seen_at + 31536000")
    db.close()
    assert ledger.sources.arrived_since("aa", time.time() - 60) == []


@pytest.mark.parametrize("step_s", [86400.0, -86400.0])
def test_set_clock_keeps_ages(ledger: Ledger, step_s: float) -> None:
    """After the clock was set either way, a file is as long gone as it was before."""
    ledger.sources.record("gone.md", SEEN, "aa")
    ledger.sources.mark_gone("gone.md")
    for _ in range(2):
        ledger.sources.keep_ages(step_s)
    now = time.time() + 2 * step_s
    assert ledger.sources.gone(now) == ["gone.md"]
    assert ledger.sources.gone(now - 60) == []
    assert [path for _, path in ledger.sources.gone_between(None, now, 9)] == ["gone.md"]
    assert ledger.sources.gone_between(None, now - 60, 9) == []
    prune(ledger, now, 60)
    assert ledger.sources.gone(now) == ["gone.md"]
    prune(ledger, now + 61, 60)
    assert ledger.sources.gone(now + 61) == []


def test_no_age_is_negative(ledger: Ledger) -> None:
    """A step that began before a file went leaves it gone now, not in a time to come."""
    ledger.sources.record("gone.md", SEEN, "aa")
    ledger.sources.mark_gone("gone.md")
    ledger.sources.keep_ages(60.0)
    assert ledger.sources.gone() == []
    ledger.sources.bring_times_to_now()
    assert ledger.sources.gone() == ["gone.md"]


def test_set_clock_costs_one_row(ledger: Ledger) -> None:
    """However many sources are gone, a clock that is set changes one row."""
    for number in range(200):
        ledger.sources.record(f"{number}.md", SEEN, "aa")
        ledger.sources.mark_gone(f"{number}.md")
    before = ledger.changes
    ledger.sources.keep_ages(86400.0)
    assert ledger.changes == before + 1


def test_refused_write_changes_nothing(tmp_path: Path) -> None:
    """A refused write names the remedy, and leaves the ledger as it was."""
    first = Ledger(tmp_path / "ledger.sqlite")
    other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"locked.*goes on by itself"):
        _job(first)
    other.execute("ROLLBACK")
    other.close()
    assert _job(first).id == 1
    first.close()


def test_foreign_file_is_damaged(tmp_path: Path) -> None:
    """A file that is no database counts as damaged."""
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(DamagedLedger, match="not a database"):
        Ledger(tmp_path / "ledger.sqlite")


def test_unopened_ledger_is_explained(tmp_path: Path) -> None:
    """A ledger that cannot be opened names its path and the remedy."""
    with pytest.raises(StorageError, match=r"none/ledger\.sqlite cannot be opened.*has room"):
        Ledger(tmp_path / "none/ledger.sqlite")


def test_afterwards_needs_the_commit(ledger: Ledger) -> None:
    """A deferred call runs after the commit, and never after a rollback."""
    called: list[str] = []
    with ledger.transaction():
        with ledger.transaction():
            ledger.afterwards(lambda: called.append("inner"))
        assert called == []
    assert called == ["inner"]
    with pytest.raises(ValueError), ledger.transaction():
        ledger.afterwards(lambda: called.append("never"))
        raise ValueError
    ledger.afterwards(lambda: called.append("now"))
    assert called == ["inner", "now"]
