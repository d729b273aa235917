"""Killed between two steps, it goes on from the step before: each test puts back an instant."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import Daemon, paths_below, running, toy, wait
from support.published import SUFFIXES, is_manifest, narration

TEXT = "# Restart\n\nThe first words.\n\nThe second words.\n"


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that has narrated one post, and was stopped."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", TEXT)
    assert daemon.ask("once", "--quiet").returncode == 0
    yield daemon
    daemon.stop()


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
def test_killed_job_needs_no_speech(stopped: Daemon, state: str, kept: int) -> None:
    """A job killed in any state is published without speech."""
    for suffix in SUFFIXES[kept:]:
        (stopped.outbox / f"post.{suffix}").unlink()
    (stopped.outbox / ".post.mp3.0123456789abcdef.tmp").touch()
    plans = ["DELETE FROM plans"] if state == "queued" else []
    _change(stopped, *_back_to(state), *plans)
    spoken = stopped.spoken
    assert stopped.ask("once", "--quiet").returncode == 0
    assert stopped.history("post.md") == ["done"]
    assert stopped.files >= narration("post")
    assert stopped.published("post", TEXT)["title"] == "Restart"
    assert stopped.spoken == spoken


@pytest.mark.parametrize("state", ["planned", "speaking", "publishing"])
def test_plan_in_old_form_is_remade(stopped: Daemon, state: str) -> None:
    """A plan that an earlier narrated wrote in another form is made again."""
    earlier = zlib.compress(b'{"plan": "in another form"}').hex()
    _change(stopped, *_back_to(state), f"UPDATE plans SET plan = X'{earlier}'")
    spoken = stopped.spoken
    stopped.start()
    wait(lambda: stopped.history("post.md") == ["superseded", "done"], lambda: stopped.log)
    assert stopped.files == narration("post")
    assert stopped.spoken == spoken


def test_killed_rename_is_finished(stopped: Daemon) -> None:
    """A rename killed after the files moved is brought to its end."""
    (stopped.inbox / "post.md").rename(stopped.inbox / "new.md")
    spoken = stopped.spoken
    stopped.start()
    wait(lambda: stopped.files == narration("new"), lambda: stopped.log)
    stopped.stop()
    for suffix in SUFFIXES:
        (stopped.outbox / f"new.{suffix}").unlink()
    _change(
        stopped,
        "UPDATE jobs SET state = 'planned' WHERE state = 'done'",
    )
    stopped.start()
    wait(lambda: stopped.files == narration("new"), lambda: stopped.log)
    assert stopped.spoken == spoken


def test_source_changed_while_stopped(stopped: Daemon) -> None:
    """A source that changed while nobody looked is read again."""
    _change(stopped, *_back_to("speaking"))
    changed = TEXT.replace("second", "other")
    stopped.drop("post.md", changed)
    before = len(stopped.spoken)
    stopped.start()
    stopped.published("post", changed)
    stopped.wait_idle()
    assert stopped.spoken[before:] == ["The other words."]
    wait(lambda: stopped.history("post.md") == ["superseded", "done"])


def test_source_gone_while_stopped(stopped: Daemon) -> None:
    """A source that went while nobody looked leaves no open job."""
    _change(stopped, *_back_to("queued"), "DELETE FROM plans")
    (stopped.inbox / "post.md").unlink()
    stopped.drop("other.md", "Still here.")
    stopped.start()
    stopped.published("other", "Still here.")
    wait(lambda: stopped.history("post.md") == ["removed"], lambda: stopped.log)
    assert not [name for name in stopped.files if name.endswith(".error.txt")]


def test_missed_source_ends_its_job(
    stopped: Daemon,
) -> None:
    """A source that was missed while its job waited for it leaves no open job."""
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


def test_refresh_restores_removed_files(stopped: Daemon) -> None:
    """Refresh restores the files that the user took out of the outbox."""
    for suffix in SUFFIXES:
        (stopped.outbox / f"post.{suffix}").unlink()
    spoken = stopped.spoken
    stopped.start()
    stopped.ask("refresh", "post.md")
    wait(lambda: stopped.files == narration("post"), lambda: stopped.log)
    assert stopped.spoken == spoken


def test_leftover_work_is_swept(stopped: Daemon) -> None:
    """Work left in progress is swept at the start."""
    left = stopped.home / "state/work/99"
    left.mkdir(parents=True)
    (left / "audio.mp3").write_bytes(b"half of it")
    stopped.start()
    assert not left.exists()


def test_flood_is_narrated_whole(tmp_path: Path) -> None:
    """A flood of files is narrated to the last."""
    daemon = Daemon(tmp_path, settle="50ms", **toy(tmp_path, rows=16), log="warning")
    names = [f"{n % 7}/note-{n}" for n in range(120)]
    with daemon:
        for name in names:
            daemon.drop(f"{name}.txt", f"This is {name}.")
        wait(
            lambda: sum(map(is_manifest, daemon.files)) == len(names),
            lambda: f"{sum(map(is_manifest, daemon.files))}\n{daemon.log}",
            60,
        )
        wait(lambda: daemon.status()["counts"] == {"done": len(names)})
    assert daemon.files == {f"{name}.{suffix}" for name in names for suffix in SUFFIXES}
    assert not [*paths_below(daemon.outbox, ".*")]


def test_unwritable_outbox_makes_wait(stopped: Daemon) -> None:
    """An outbox that cannot be written makes its files wait."""
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


def test_start_mends_damaged_narrations(tmp_path: Path) -> None:
    """A start mends what was damaged and leaves what was taken away."""
    posts = {stem: f"This is the post {stem}." for stem in ("torn", "headless", "taken", "whole")}
    with running(tmp_path) as daemon:
        for stem, text in posts.items():
            daemon.drop(f"{stem}.md", text)
            daemon.published(stem, text)
    (daemon.outbox / "torn.mp3").write_bytes(b"half")
    (daemon.outbox / "headless.json").unlink()
    for suffix in SUFFIXES:
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


def test_unread_post_is_tried_once(tmp_path: Path) -> None:
    """A post that an earlier version of reading failed is tried again once by a newer one."""
    daemon = Daemon(tmp_path)
    daemon.drop("good.md", TEXT)
    daemon.drop("bad.md", "---\nnarrate: flase\n---\nText.\n")
    assert daemon.ask("once", "--quiet").returncode == 1
    assert daemon.history("bad.md") == ["failed"]
    daemon.ask("once", "--quiet")
    assert daemon.history("bad.md") == ["failed"], "the same version tries no twice"
    _change(daemon, "DELETE FROM moments WHERE name = 'reading'")
    spoken = daemon.spoken
    daemon.ask("once", "--quiet")
    assert daemon.history("bad.md") == ["superseded", "failed"]
    assert daemon.history("good.md") == ["done"]
    assert daemon.spoken == spoken
    daemon.stop()
