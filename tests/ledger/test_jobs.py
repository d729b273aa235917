"""The ledger's promises: legal moves only, one transaction a move, and nothing lost on the way."""

import itertools
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.inbox.readiness import FileSignature
from narrated.ledger.connection import DamagedLedger
from narrated.ledger.job import LEGAL, OPEN, Job, JobCause, JobState
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


def _in_state(ledger: Ledger, state: JobState) -> Job:
    job = _job(ledger)
    for step in ROUTES[state]:
        job = ledger.jobs.move(job, step)
    return job


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobState, JobState)))
def test_a_job_moves_only_where_it_may(ledger: Ledger, before: JobState, after: JobState) -> None:
    job = _in_state(ledger, before)
    if after in LEGAL[before]:
        assert ledger.jobs.move(job, after).state is after
    else:
        with pytest.raises(ValueError, match=f"from {before} to {after}"):
            ledger.jobs.move(job, after)
        assert ledger.jobs.get(job.id).state is before


def test_every_open_or_waiting_job_can_end() -> None:
    for state in OPEN | {JobState.WAITING, JobState.FAILED}:
        assert {JobState.SUPERSEDED, JobState.REMOVED} <= LEGAL[state]


def test_a_new_version_supersedes_what_was_not_finished(ledger: Ledger) -> None:
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


def test_what_is_going_into_the_outbox_is_followed_by_a_newer_version_not_stopped(
    ledger: Ledger,
) -> None:
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


def test_a_transaction_is_whole_or_not_at_all(ledger: Ledger) -> None:
    job = _job(ledger)
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        ledger.jobs.move(job, JobState.PLANNED)
        ledger.sources.record("post.md", SEEN, "aa")
        raise ZeroDivisionError
    assert ledger.jobs.get(job.id).state is JobState.QUEUED
    assert ledger.sources.known() == {}


def test_a_plan_is_kept_until_its_job_is_past(ledger: Ledger) -> None:
    job = ledger.jobs.write_plan(
        _job(ledger), b"the plan", title="T", narration="n", keys=["k1", "k2"]
    )
    assert (job.state, job.title, job.narration) == (JobState.PLANNED, "T", "n")
    assert ledger.jobs.chunk_keys(job) == ["k1", "k2"]
    done = ledger.jobs.finish(ledger.jobs.move(job, JobState.PUBLISHING), 1.0)
    assert ledger.jobs.plan(done) == b"the plan"
    assert ledger.jobs.chunk_keys(done) == []
    assert ledger.jobs.plan(ledger.jobs.move(done, JobState.SUPERSEDED)) is None


def test_crashes_of_workers_are_counted(ledger: Ledger) -> None:
    ledger.jobs.write_plan(_job(ledger), b"", title="", narration="", keys=["k1", "k2"])
    assert [ledger.crashes.add("k1") for _ in range(3)] == [1, 2, 3]
    assert ledger.crashes.count("k2") == 0
    ledger.crashes.reset(["k1"])
    assert ledger.crashes.count("k1") == 0


def test_paths_of_any_bytes_come_back_as_they_were(tmp_path: Path) -> None:
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


def test_a_missed_file_is_gone_and_one_let_go_was_never_missed(ledger: Ledger) -> None:
    ledger.sources.record("missed.md", SEEN, "aa")
    ledger.sources.record("let-go.md", SEEN, "bb")
    ledger.sources.mark_gone("missed.md")
    ledger.sources.forget_version("let-go.md", SEEN)
    assert ledger.sources.gone() == ["missed.md"]
    assert ledger.sources.known() == {}
    ledger.sources.record("missed.md", SEEN, "aa")
    assert ledger.sources.gone() == []


def test_letting_go_of_a_version_keeps_the_next_one(ledger: Ledger) -> None:
    newer = FileSignature(9, 9, 9, 9)
    ledger.sources.record("post.md", newer, "bb")
    ledger.sources.forget_version("post.md", SEEN)
    assert ledger.sources.known() == {"post.md": newer}


def test_the_last_to_arrive_is_where_a_gone_file_moved_to(ledger: Ledger) -> None:
    for path in ("z.md", "a.md", "m.md"):
        ledger.sources.record(path, SEEN, "aa")
        _job(ledger, path)
    ledger.sources.record("not-taken.md", SEEN, "aa")
    assert ledger.sources.arrived_since("aa", 0) == ["m.md", "a.md", "z.md"]
    assert ledger.sources.arrived_since("bb", 0) == []


def test_what_came_when_the_clock_was_ahead_did_not_just_arrive(
    ledger: Ledger, tmp_path: Path
) -> None:
    for path in ("post.md", "copy.md"):
        ledger.sources.record(path, SEEN, "aa")
        _job(ledger, path)
    assert set(ledger.sources.arrived_since("aa", time.time() - 60)) == {"post.md", "copy.md"}
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.execute("UPDATE sources SET seen_at = seen_at + 31536000")
    db.close()
    assert ledger.sources.arrived_since("aa", time.time() - 60) == []


def test_nothing_went_later_than_now_however_long_a_daemon_was_dead(ledger: Ledger) -> None:
    ledger.sources.record("post.md", SEEN, "aa")
    ledger.sources.mark_gone("post.md")
    ledger.sources.shift_times(86400, recent_s=60)
    assert ledger.sources.gone() == ["post.md"]


def test_a_refused_write_says_what_to_do_and_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "ledger.sqlite")
    other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"locked.*goes on by itself"):
        _job(first)
    other.execute("ROLLBACK")
    other.close()
    assert _job(first).id == 1
    first.close()


def test_a_file_that_is_no_ledger_is_found_damaged(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(DamagedLedger, match="not a database"):
        Ledger(tmp_path / "ledger.sqlite")


def test_a_ledger_that_cannot_be_opened_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none/ledger\.sqlite cannot be opened.*has room"):
        Ledger(tmp_path / "none/ledger.sqlite")


def test_what_hangs_on_a_commit_is_done_afterwards_or_never(ledger: Ledger) -> None:
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
