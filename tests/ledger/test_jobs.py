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
    return ledger.add_job(path, sha256, 10, path.removesuffix(".md"), **more)


def _in_state(ledger: Ledger, state: JobState) -> Job:
    job = _job(ledger)
    for step in ROUTES[state]:
        job = ledger.move(job, step)
    return job


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobState, JobState)))
def test_a_job_moves_only_where_it_may(ledger: Ledger, before: JobState, after: JobState) -> None:
    job = _in_state(ledger, before)
    if after in LEGAL[before]:
        assert ledger.move(job, after).state is after
    else:
        with pytest.raises(ValueError, match=f"from {before} to {after}"):
            ledger.move(job, after)
        assert ledger.job(job.id).state is before


def test_every_open_or_waiting_job_can_end() -> None:
    for state in OPEN | {JobState.WAITING, JobState.FAILED}:
        assert {JobState.SUPERSEDED, JobState.REMOVED} <= LEGAL[state]


def test_a_new_version_supersedes_what_was_not_finished(ledger: Ledger) -> None:
    first = ledger.move(_job(ledger), JobState.WAITING)
    done = _in_state(ledger, JobState.DONE)
    newer = _job(ledger, sha256="bb")
    assert ledger.job(first.id).state is JobState.SUPERSEDED
    assert ledger.job(done.id).state is JobState.DONE
    assert ledger.current("post.md") == newer
    assert ledger.published("post.md") == done
    for state in ROUTES[JobState.PUBLISHING]:
        ledger.move(newer, state)
    ledger.finish(newer, 1.5)
    assert ledger.job(done.id).state is JobState.SUPERSEDED
    assert ledger.published("post.md") == ledger.job(newer.id)
    assert ledger.job(newer.id).duration_s == 1.5


def test_what_is_going_into_the_outbox_is_followed_by_a_newer_version_not_stopped(
    ledger: Ledger,
) -> None:
    publishing = _in_state(ledger, JobState.PUBLISHING)
    newer = _job(ledger, sha256="bb")
    assert ledger.job(publishing.id).state is JobState.PUBLISHING
    assert ledger.stoppable("post.md") == [newer]
    ledger.finish(publishing, 1.0)
    assert ledger.published("post.md") == ledger.job(publishing.id)
    for state in ROUTES[JobState.PUBLISHING]:
        ledger.move(newer, state)
    ledger.finish(newer, 1.0)
    assert ledger.job(publishing.id).state is JobState.SUPERSEDED


def test_a_transaction_is_whole_or_not_at_all(ledger: Ledger) -> None:
    job = _job(ledger)
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        ledger.move(job, JobState.PLANNED)
        ledger.see("post.md", SEEN, "aa")
        raise ZeroDivisionError
    assert ledger.job(job.id).state is JobState.QUEUED
    assert ledger.known() == {}


def test_a_plan_is_kept_until_its_job_is_past(ledger: Ledger) -> None:
    job = ledger.write_plan(_job(ledger), b"the plan", title="T", narration="n", keys=["k1", "k2"])
    assert (job.state, job.title, job.narration) == (JobState.PLANNED, "T", "n")
    assert ledger.keys(job) == ["k1", "k2"]
    done = ledger.finish(ledger.move(job, JobState.PUBLISHING), 1.0)
    assert ledger.plan(done) == b"the plan"
    assert ledger.keys(done) == []
    assert ledger.plan(ledger.move(done, JobState.SUPERSEDED)) is None


def test_leases_and_deaths_are_counted_and_given_back(ledger: Ledger) -> None:
    ledger.write_plan(_job(ledger), b"", title="", narration="", keys=["k1", "k2"])
    ledger.lease(["k1"], "box:1", 60)
    ledger.release_leases()
    assert [ledger.count_death("k1") for _ in range(3)] == [1, 2, 3]
    assert ledger.deaths("k2") == 0
    ledger.forgive(["k1"])
    assert ledger.deaths("k1") == 0


def test_paths_of_any_bytes_come_back_as_they_were(tmp_path: Path) -> None:
    names = ["plain.md", "line\nbreak.md", "not-\udcff-utf8.md", "ünï.md"]
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for name in names:
        ledger.see(name, SEEN, name.encode(errors="surrogateescape").hex())
        ledger.assign_stem(name, name, name.encode(errors="replace").decode())
        _job(ledger, name)
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert list(ledger.known()) == sorted(
        names, key=lambda name: name.encode(errors="surrogateescape")
    )
    assert {job.path for job in ledger.open_jobs()} == set(names)
    assert [ledger.stem_of(name) for name in names] == names
    ledger.close()


def test_a_missed_file_is_gone_and_one_let_go_was_never_missed(ledger: Ledger) -> None:
    ledger.see("missed.md", SEEN, "aa")
    ledger.see("let-go.md", SEEN, "bb")
    ledger.miss("missed.md")
    ledger.let_go("let-go.md", SEEN)
    assert ledger.gone() == ["missed.md"]
    assert ledger.known() == {}
    ledger.see("missed.md", SEEN, "aa")
    assert ledger.gone() == []


def test_letting_go_of_a_version_keeps_the_next_one(ledger: Ledger) -> None:
    newer = FileSignature(9, 9, 9, 9)
    ledger.see("post.md", newer, "bb")
    ledger.let_go("post.md", SEEN)
    assert ledger.known() == {"post.md": newer}


def test_the_last_to_arrive_is_where_a_gone_file_moved_to(ledger: Ledger) -> None:
    for path in ("z.md", "a.md", "m.md"):
        ledger.see(path, SEEN, "aa")
        _job(ledger, path)
    ledger.see("not-taken.md", SEEN, "aa")
    assert ledger.arrived_since("aa", 0) == ["m.md", "a.md", "z.md"]
    assert ledger.arrived_since("bb", 0) == []


def test_what_came_when_the_clock_was_ahead_did_not_just_arrive(
    ledger: Ledger, tmp_path: Path
) -> None:
    for path in ("post.md", "copy.md"):
        ledger.see(path, SEEN, "aa")
        _job(ledger, path)
    assert set(ledger.arrived_since("aa", time.time() - 60)) == {"post.md", "copy.md"}
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.execute("UPDATE sources SET seen_at = seen_at + 31536000")
    db.close()
    assert ledger.arrived_since("aa", time.time() - 60) == []


def test_nothing_went_later_than_now_however_long_a_daemon_was_dead(ledger: Ledger) -> None:
    ledger.see("post.md", SEEN, "aa")
    ledger.miss("post.md")
    ledger.shift(86400, recent_s=60)
    assert ledger.gone() == ["post.md"]


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


def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.sqlite").close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StorageError, match="newer narrated"):
        Ledger(tmp_path / "ledger.sqlite")


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
