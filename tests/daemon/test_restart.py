"""Killed between two steps, it goes on from the step before: each test puts back an instant."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import Daemon, running, toy, wait

TEXT = "# Restart\n\nThe first words.\n\nThe second words.\n"
SUFFIXES = ("mp3", "vtt", "json")


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that has narrated one post, and was stopped."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", TEXT)
    assert daemon.ask("once", "--quiet").returncode == 0
    yield daemon
    daemon.stop()


def _set(stem: str) -> set[str]:
    return {f"{stem}.{suffix}" for suffix in SUFFIXES}


def _change(daemon: Daemon, *statements: str) -> None:
    db = sqlite3.connect(daemon.home / "state/ledger.sqlite")
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()


def _back_to(state: str) -> list[str]:
    """The ledger as it was before a job's last moves."""
    return [f"UPDATE jobs SET state = '{state}' WHERE state = 'done'"]


@pytest.mark.parametrize(
    ("state", "kept"),
    [("queued", 0), ("planned", 3), ("speaking", 2), ("publishing", 1), ("publishing", 3)],
)
def test_a_job_killed_in_any_state_is_published_without_speech(
    stopped: Daemon, state: str, kept: int
) -> None:
    for suffix in SUFFIXES[kept:]:
        (stopped.outbox / f"post.{suffix}").unlink()
    (stopped.outbox / ".post.mp3.0123456789abcdef.tmp").touch()
    plans = ["DELETE FROM plans"] if state == "queued" else []
    _change(stopped, *_back_to(state), *plans)
    spoken = stopped.spoken
    assert stopped.ask("once", "--quiet").returncode == 0
    assert stopped.history("post.md") == ["done"]
    assert stopped.files >= _set("post")
    assert stopped.published("post", TEXT)["title"] == "Restart"
    assert stopped.spoken == spoken


@pytest.mark.parametrize("state", ["planned", "speaking", "publishing"])
def test_a_plan_that_an_earlier_narrated_wrote_in_another_form_is_made_anew(
    stopped: Daemon, state: str
) -> None:
    earlier = zlib.compress(b'{"plan": "in another form"}').hex()
    _change(stopped, *_back_to(state), f"UPDATE plans SET plan = X'{earlier}'")
    spoken = stopped.spoken
    stopped.start()
    wait(lambda: stopped.history("post.md") == ["superseded", "done"], lambda: stopped.log)
    assert stopped.files == _set("post")
    assert stopped.spoken == spoken


def test_a_rename_killed_after_the_files_moved_is_brought_to_its_end(stopped: Daemon) -> None:
    (stopped.inbox / "post.md").rename(stopped.inbox / "new.md")
    spoken = stopped.spoken
    stopped.start()
    wait(lambda: stopped.files == _set("new"), lambda: stopped.log)
    stopped.stop()
    for suffix in SUFFIXES:
        (stopped.outbox / f"new.{suffix}").unlink()
    _change(
        stopped,
        "UPDATE jobs SET state = 'planned' WHERE state = 'done'",
    )
    stopped.start()
    wait(lambda: stopped.files == _set("new"), lambda: stopped.log)
    assert stopped.spoken == spoken


def test_a_source_that_changed_while_nobody_looked_is_read_anew(stopped: Daemon) -> None:
    _change(stopped, *_back_to("speaking"))
    changed = TEXT.replace("second", "other")
    stopped.drop("post.md", changed)
    before = len(stopped.spoken)
    stopped.start()
    stopped.published("post", changed)
    stopped.wait_idle()
    assert stopped.spoken[before:] == ["The other words."]
    wait(lambda: stopped.history("post.md") == ["superseded", "done"])


def test_a_source_that_went_while_nobody_looked_leaves_no_open_job(stopped: Daemon) -> None:
    _change(stopped, *_back_to("queued"), "DELETE FROM plans")
    (stopped.inbox / "post.md").unlink()
    stopped.drop("other.md", "Still here.")
    stopped.start()
    stopped.published("other", "Still here.")
    wait(lambda: stopped.history("post.md") == ["removed"], lambda: stopped.log)
    assert not [name for name in stopped.files if name.endswith(".error.txt")]


def test_a_source_that_was_missed_while_its_job_waited_for_it_leaves_no_open_job(
    stopped: Daemon,
) -> None:
    _change(
        stopped,
        "UPDATE jobs SET state = 'waiting', reason = 'absent'",
        "DELETE FROM plans",
        "UPDATE sources SET gone_at = 1.0",
    )
    (stopped.inbox / "post.md").unlink()
    stopped.drop("other.md", "Still here.")
    stopped.start()
    wait(lambda: stopped.history("post.md") == ["removed"], lambda: stopped.log)


def test_what_the_user_took_out_of_the_outbox_comes_back_on_refresh(stopped: Daemon) -> None:
    for suffix in SUFFIXES:
        (stopped.outbox / f"post.{suffix}").unlink()
    spoken = stopped.spoken
    stopped.start()
    stopped.ask("refresh", "post.md")
    wait(lambda: stopped.files == _set("post"), lambda: stopped.log)
    assert stopped.spoken == spoken


def test_work_left_in_progress_is_swept_at_the_start(stopped: Daemon) -> None:
    left = stopped.home / "state/work/99"
    left.mkdir(parents=True)
    (left / "audio.mp3").write_bytes(b"half of it")
    stopped.start()
    assert not left.exists()


def test_a_flood_of_files_is_narrated_to_the_last(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, settle="50ms", **toy(tmp_path, rows=16), log="warning")
    names = [f"{n % 7}/note-{n}" for n in range(120)]
    with daemon:
        for name in names:
            daemon.drop(f"{name}.txt", f"This is {name}.")
        wait(
            lambda: sum(1 for _ in daemon.outbox.rglob("*.json")) == len(names),
            lambda: f"{sum(1 for _ in daemon.outbox.rglob('*.json'))}\n{daemon.log}",
            60,
        )
        wait(lambda: daemon.status()["counts"] == {"done": len(names)})
    assert daemon.files == {f"{name}.{suffix}" for name in names for suffix in SUFFIXES}
    assert not [path for path in daemon.outbox.rglob(".*") if path.is_file()]


def test_an_outbox_that_cannot_be_written_makes_its_files_wait(stopped: Daemon) -> None:
    stopped.outbox.rename(stopped.home / "aside")
    stopped.outbox.write_text("in the way")
    stopped.start()
    stopped.drop("new.md", "It has to wait for its place.")
    wait(lambda: stopped.status()["waiting"], lambda: stopped.log)
    (held,) = stopped.status()["waiting"]
    assert held["path"] == "new.md"
    assert held["remedy"]
    stopped.outbox.unlink()
    (stopped.home / "aside").rename(stopped.outbox)
    stopped.published("new", "It has to wait for its place.")
    wait(lambda: stopped.history("new.md") == ["done"])


def test_a_start_mends_what_was_damaged_and_leaves_what_was_taken_away(tmp_path: Path) -> None:
    posts = {stem: f"This is the post {stem}." for stem in ("torn", "headless", "taken", "whole")}
    with running(tmp_path) as daemon:
        for stem, text in posts.items():
            daemon.drop(f"{stem}.md", text)
            daemon.published(stem, text)
    (daemon.outbox / "torn.mp3").write_bytes(b"half")
    (daemon.outbox / "headless.json").unlink()
    for suffix in ("mp3", "vtt", "json"):
        (daemon.outbox / f"taken.{suffix}").unlink()
    (daemon.outbox / f".narrated-{'0' * 16}.tmp").write_bytes(b"left by a kill")
    untouched = (daemon.outbox / "whole.json").stat().st_mtime_ns
    spoken = daemon.spoken
    with daemon:
        wait(lambda: (daemon.outbox / "headless.json").exists())
        wait(lambda: (daemon.outbox / "torn.mp3").stat().st_size > 4)
        wait(lambda: not list(daemon.outbox.glob(".narrated-*")))
        daemon.wait_idle()
    assert not list(daemon.outbox.glob("taken.*"))
    assert (daemon.outbox / "whole.json").stat().st_mtime_ns == untouched
    assert daemon.spoken == spoken
