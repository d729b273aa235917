"""The event loop waits for no file: no call of its own, and a disk that hangs holds up nothing."""

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import JobState
from narrated.ledger.store import Ledger
from narrated.service.state_lock import holder
from support.daemon import Daemon, wait
from support.watched_daemon import WatchedDaemon

SOURCES = 1_000
ENDLESS_S = 60.0
"""Longer than any patience with a disk that is to end."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[WatchedDaemon]:
    made = WatchedDaemon(tmp_path, removed="withdraw", withdraw_after="1s")
    made.begin()
    yield made
    made.hung.unlink(missing_ok=True)
    made.stop()


def test_loop_calls_no_file_system(daemon: WatchedDaemon) -> None:
    """The loop makes no file call while posts come, fail, change, move and go."""
    daemon.arm()
    daemon.drop("blog/post.md", "# A post\n\nIts words.\n")
    daemon.published("blog/post", "# A post\n\nIts words.\n")
    daemon.drop("broken.md", "---\nlexicon: none-lexicon.yaml\n---\nWords.\n")
    assert "none-lexicon.yaml" in daemon.note("broken")
    daemon.drop("broken.md", "Mended words.\n")
    daemon.published("broken", "Mended words.\n")
    wait(lambda: not (daemon.outbox / "broken.error.txt").exists())
    daemon.drop("blog/.narrated.yaml", "author: Leo\n")
    wait(lambda: daemon.manifest("blog/post")["author"] == "Leo")
    (daemon.inbox / "blog/post.md").rename(daemon.inbox / "moved.md")
    daemon.manifest("moved")
    daemon.ask("respeak", "moved.md", "--at", "0:00")
    daemon.ask("refresh", "broken.md")
    daemon.wait_idle()
    (daemon.inbox / "broken.md").unlink()
    wait(lambda: not (daemon.outbox / "broken.json").exists())
    daemon.drop("lost.md", "---\nlexicon: none-lexicon.yaml\n---\nWords.\n")
    daemon.note("lost")
    (daemon.inbox / "lost.md").unlink()
    wait(lambda: not (daemon.outbox / "lost.error.txt").exists())
    assert daemon.file_calls == []


def test_loop_reloads_without_files(tmp_path: Path) -> None:
    """Nor does it while commands, reloads and breaks come, sources are archived, and at a stop."""
    daemon = WatchedDaemon(tmp_path)
    daemon.begin()
    daemon.arm()
    daemon.drop("post.md", "Some words.\n")
    daemon.published("post", "Some words.\n")
    for command in ("status --json", "pause", "resume", "voices list", "cancel post.md", "retry"):
        daemon.ask(*command.split())
    read = daemon.ask("read", str(daemon.inbox / "post.md"), "-o", str(tmp_path / "post.wav"))
    assert read.returncode == 0, read.stderr
    daemon.configure(after="archive", archive="archive", settle="300ms", ignore=["*.tmp"])
    assert daemon.ask("reload").returncode == 0
    daemon.drop("leaving.md", "Words that leave.\n")
    wait((tmp_path / "archive/leaving.md").exists, lambda: daemon.log)
    since = len(daemon.statuses)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since)
    daemon.ask("pause", "--unload")
    daemon.ask("resume")
    daemon.stop()
    assert daemon.file_calls == []


def test_hung_outbox_is_told(daemon: WatchedDaemon) -> None:
    """A hung outbox is told, and stops neither the watchdog, the status nor the stop."""
    daemon.hang(daemon.outbox)
    daemon.drop("post.md", "Some words.\n")
    wait(lambda: "does not answer" in str(daemon.status()["notices"]), lambda: daemon.log)
    since = len(daemon.statuses)
    daemon.wait_told("WATCHDOG=1", since)
    daemon.stop(ENDLESS_S)  # tests/service/test_stop_steps.py holds the bounds of its steps
    assert daemon.process is not None
    assert daemon.process.poll() == 0


@pytest.mark.parametrize("folder", ["outbox", "cache", "state", "state/work"])
def test_stop_leaves_a_hung_disk(tmp_path: Path, folder: str) -> None:
    """A stop amid a narration ends the daemon while a disk still hangs under what it wrote."""
    daemon = WatchedDaemon(tmp_path)
    daemon.begin()
    daemon.drop("first.md", "The first words.\n")
    daemon.published("first", "The first words.\n")
    for encoder in _encoders(daemon):
        os.kill(encoder, signal.SIGSTOP)  # so that a take is being written
    daemon.drop("second.md", "Some other words.\n")
    wait(lambda: any("other" in text for text in daemon.spoken), lambda: daemon.log)
    daemon.hang(tmp_path / folder)
    daemon.stop(ENDLESS_S)
    assert daemon.process is not None
    assert daemon.process.poll() == 0
    assert daemon.hung.exists()


def _encoders(daemon: Daemon) -> list[int]:
    assert daemon.process is not None
    own = Path(f"/proc/{daemon.process.pid}/task")
    children = [pid for task in own.iterdir() for pid in (task / "children").read_text().split()]
    found = [pid for pid in children if b"encoder" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert found
    return [int(pid) for pid in found]


def test_commands_pass_a_hung_outbox(daemon: WatchedDaemon) -> None:
    """Commands that need the state alone answer while the outbox hangs, a reload among them."""
    daemon.drop("post.md", "Some words.\n")
    daemon.published("post", "Some words.\n")
    daemon.hang(daemon.outbox)
    assert "done (found)" in daemon.ask_hung("history", "post.md")
    for command in (["pause"], ["resume"], ["reload"]):
        daemon.ask_hung(*command)
    wait(lambda: "outbox" in str(daemon.status()["notices"]), lambda: daemon.log)
    told = daemon.ask_hung("status")
    assert "The disk of the outbox" in told
    assert "the state" not in str(daemon.status()["notices"])


def test_start_with_a_hung_outbox(tmp_path: Path) -> None:
    """A start while the outbox hangs tells it, and goes on once it answers."""
    daemon = WatchedDaemon(tmp_path)
    with daemon:
        daemon.drop("post.md", "Some words.\n")
        daemon.published("post", "Some words.\n")
    daemon.hang(daemon.outbox)
    daemon.begin()
    wait(lambda: "does not answer" in str(daemon.status()["notices"]), lambda: daemon.log)
    daemon.hung.unlink()
    daemon.drop("new.md", "New words.\n")
    daemon.published("new", "New words.\n")
    wait(lambda: not daemon.status()["notices"])
    daemon.stop()


def test_restore_from_a_hung_outbox(tmp_path: Path) -> None:
    """Without a ledger a start waits for a hung outbox, heeds a stop, and speaks nothing again."""
    daemon = WatchedDaemon(tmp_path)
    with daemon:
        daemon.drop("post.md", "Some words.\n")
        daemon.published("post", "Some words.\n")
    spoken = daemon.spoken
    for path in (tmp_path / "state").glob("ledger.sqlite*"):
        path.unlink()
    daemon.hang(daemon.outbox)
    daemon.begin(ready=False)
    daemon.wait_told("STATUS=starting: The disk of the outbox")
    assert "does not answer" in daemon.ask_hung("status")
    daemon.stop()
    assert daemon.process is not None
    assert daemon.process.poll() == 0
    daemon.begin(ready=False)
    daemon.wait_told("STATUS=starting: The disk of the outbox")
    daemon.hung.unlink()
    daemon.wait_told("READY=1")
    assert daemon.history("post.md") == ["done"]
    assert daemon.spoken == spoken
    daemon.stop()


def test_stop_cuts_the_start(tmp_path: Path) -> None:
    """A stop does not wait for what the start has yet to do, such as a look at a hung folder."""
    daemon = WatchedDaemon(tmp_path)
    _write_ledger(tmp_path / "state", 1, JobState.FAILED)
    daemon.hang(Path("blog"))  # as the start opens it, to remove unfinished files
    daemon.begin(ready=False)
    wait(lambda: _is_listening(daemon), lambda: daemon.log)
    assert daemon.stop() < 10  # the look has a patience of 15 s
    assert daemon.process is not None
    assert daemon.process.poll() == 0


def test_stop_passes_a_hung_lock(tmp_path: Path) -> None:
    """A stop ends a start that waits for the lock of the state, whose disk hangs."""
    daemon = WatchedDaemon(tmp_path)
    daemon.hang(tmp_path / "state/lock")
    daemon.begin(ready=False)
    daemon.wait_told("EXTEND_TIMEOUT_USEC")
    daemon.stop(ENDLESS_S)
    assert daemon.process is not None
    assert daemon.process.poll() == 0
    assert daemon.hung.exists()


def _is_listening(daemon: Daemon) -> bool:
    first = holder(daemon.home / "state")
    return first is not None and bool(first.socket)


def test_work_follows_a_hang(daemon: WatchedDaemon) -> None:
    """Once a hung outbox answers again, the work goes on by itself."""
    daemon.hang(daemon.outbox)
    daemon.drop("post.md", "Some words.\n")
    wait(lambda: "does not answer" in str(daemon.status()["notices"]), lambda: daemon.log)
    daemon.hung.unlink()
    daemon.published("post", "Some words.\n")
    wait(lambda: not daemon.status()["notices"])


def test_hung_inbox_is_told(daemon: WatchedDaemon) -> None:
    """A hung inbox is told, and the daemon is not ended for it: a new one would hang as well."""
    daemon.hang(daemon.inbox)
    wait(lambda: "does not answer" in str(daemon.status()["notices"]), lambda: daemon.log)
    since = len(daemon.statuses)
    daemon.wait_told("WATCHDOG=1", since)
    daemon.hung.unlink()
    daemon.drop("post.md", "Some words.\n")
    daemon.published("post", "Some words.\n")


def test_killed_refresh_goes_on(tmp_path: Path) -> None:
    """A refresh of many sources that a kill cuts goes on at the next start."""
    daemon = Daemon(tmp_path)
    paths = _write_ledger(tmp_path / "state", SOURCES)
    daemon.start()
    refresh = threading.Thread(target=daemon.ask, args=("refresh",), daemon=True)
    refresh.start()
    wait(lambda: _rows(tmp_path, "SELECT 1 FROM sweeps WHERE after <> x''"), lambda: daemon.log)
    daemon.kill()
    refresh.join()
    again = "SELECT path FROM jobs WHERE cause = 'refresh'"
    assert 0 < len(_rows(tmp_path, again)) < SOURCES
    with daemon:
        wait(lambda: not _rows(tmp_path, "SELECT 1 FROM sweeps"), lambda: daemon.log)
        assert sorted(_rows(tmp_path, again)) == paths


def test_refresh_ends_with_the_daemon(tmp_path: Path) -> None:
    """A stop in the middle of a refresh ends it, before the ledger is closed."""
    daemon = Daemon(tmp_path)
    _write_ledger(tmp_path / "state", SOURCES)
    daemon.start()
    refresh = threading.Thread(target=daemon.ask, args=("refresh",), daemon=True)
    refresh.start()
    wait(lambda: _rows(tmp_path, "SELECT 1 FROM sweeps WHERE after <> x''"))
    daemon.stop()
    refresh.join()
    assert daemon.process is not None
    assert daemon.process.poll() == 0
    assert "closed database" not in daemon.log


def _write_ledger(state: Path, count: int, end: JobState = JobState.DONE) -> list[bytes]:
    """Write the ledger of so many posts that ended so; their paths. The inbox seems unmounted."""
    state.mkdir()
    paths = [f"blog/{number:06}.md" for number in range(count)]
    with contextlib.closing(Ledger(state / "ledger.sqlite")) as ledger, ledger.transaction():
        for path in paths:
            ledger.sources.record(path, FileSignature(1, 2, 3, 4), path)
            ledger.stems.assign(path, path, path)
            job = ledger.jobs.add(path, path, 1, path, state=JobState.PUBLISHING)
            ledger.jobs.move(job, end, duration_s=1.0)
    return [path.encode() for path in paths]


def _rows(home: Path, sql: str) -> list[Any]:
    with contextlib.closing(
        sqlite3.connect(f"file:{home}/state/ledger.sqlite?mode=ro", uri=True)
    ) as db:
        return [row[0] for row in db.execute(sql)]
