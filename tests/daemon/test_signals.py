"""Signals for systemd and the administrator: readiness, reload, watchdog, a quick stop."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import av
import pytest

from support.daemon import Daemon, running, toy, wait


def _book(paragraphs: int) -> str:
    return "\n\n".join(f"Paragraph {n} of the book." for n in range(paragraphs)) + "\n"


def _voice(home: Path, voice: str) -> dict[str, object]:
    return {**toy(home, delay_s=0.1, rows=1), "speech": {"engine": "toy", "voice": voice}}


def _reload(daemon: Daemon) -> list[str]:
    """Have the configuration read again; what was told from RELOADING to READY."""
    since = len(daemon.statuses)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("RELOADING=1", since)
    daemon.wait_told("READY=1", since)
    return daemon.statuses[since:]


def test_reload_keeps_warm_workers(tmp_path: Path) -> None:
    """A reload applies to new versions and leaves warm workers alone."""
    with running(tmp_path, **_voice(tmp_path, "toy")) as daemon:
        daemon.drop("done.md", "Read before.")
        daemon.published("done", "Read before.")
        book = _book(15)
        daemon.drop("book.md", book)
        wait(lambda: len(daemon.spoken) > 4)
        pid = daemon.status()["workers"][0]["pid"]
        daemon.configure(**_voice(tmp_path, "other"))
        told = _reload(daemon)
        assert any("MONOTONIC_USEC=" in message for message in told)
        daemon.drop("new.md", "Read after.")
        assert daemon.published("new", "Read after.")["voice"] == "other"
        assert daemon.published("book", book)["voice"] == "toy"
        assert daemon.manifest("done")["voice"] == "toy"
        assert daemon.status()["workers"][0]["pid"] == pid
        daemon.ask("refresh", "done.md")
        wait(lambda: daemon.manifest("done")["voice"] == "other")
        assert daemon.manifest("book")["voice"] == "toy"


def test_reload_keeps_config_if_broken(tmp_path: Path) -> None:
    """A reload refuses a broken configuration and keeps the old one."""
    with running(tmp_path, **_voice(tmp_path, "toy")) as daemon:
        for broken in ("inbox: [", "inbox: inbox\noutbox: outbox\nspeach: {}\n"):
            daemon.config.write_text(broken)
            _reload(daemon)
        assert "`speach`" in daemon.log
        assert "the old one kept" in daemon.log
        daemon.configure(**_voice(tmp_path, "other"), outbox="elsewhere")
        _reload(daemon)
        assert "Restart it" in daemon.log
        daemon.drop("post.md", "Read as before.")
        assert daemon.published("post", "Read as before.")["voice"] == "toy"


def test_refused_config_is_told(tmp_path: Path) -> None:
    """A refused configuration fails `narrated reload`, and is told until one is accepted."""
    with running(tmp_path) as daemon:
        since = len(daemon.statuses)
        daemon.configure(cache="elsewhere")
        refused = daemon.ask("reload")
        assert refused.returncode == 3
        assert "`cache` changed, and a running daemon cannot follow" in refused.stderr
        notices = daemon.status()["notices"]
        assert len(notices) == 1
        assert "The configuration is refused, and the old one kept" in notices[0]
        daemon.wait_told("STATUS=idle: The configuration is refused", since)
        note = daemon.outbox / "narrated.status.txt"
        wait(lambda: note.exists() and "is refused" in note.read_text(), lambda: daemon.log)
        daemon.configure()
        accepted = daemon.ask("reload")
        assert accepted.returncode == 0
        assert "is reloaded" in accepted.stdout
        assert daemon.status()["notices"] == []


def test_unreadable_config_is_told(tmp_path: Path) -> None:
    """Asked to read a file that is no configuration, the daemon refuses and tells it as well."""
    daemon = Daemon(tmp_path)
    state = tmp_path / "state/narrated"
    home = {"XDG_STATE_HOME": str(state.parent), "XDG_RUNTIME_DIR": ""}
    daemon.configure(state=str(state))
    daemon.start(**home)
    try:
        daemon.config.write_text("inbox: [")
        refused = daemon.ask("reload", **home)
        assert refused.returncode == 3
        assert "is not valid YAML" in refused.stderr
        wait(lambda: "is refused, and the old one kept" in daemon.log, lambda: daemon.log)
        told = daemon.ask("status", **home)
        assert told.returncode == 0
        assert told.stdout.count("is refused") == 1
        daemon.configure(state=str(state))
        assert daemon.ask("reload", "--quiet", **home).stdout == ""
    finally:
        daemon.stop()


def _told(daemon: Daemon, *command: str) -> str:
    told = daemon.ask(*command)
    assert told.returncode == 0, told.stderr
    return told.stdout + told.stderr


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("inbox: [", "is not valid YAML"),
        ("inbox: inbox\noutbox: outbox\nspeach: {}\n", "unknown key `speach`"),
        ("inbox: inbox\noutbox: outbox\nstate: elsewhere\n", "`state` changed"),
        ("", "holds no settings"),
    ],
)
def test_edited_config_hides_no_daemon(tmp_path: Path, broken: str, why: str) -> None:
    """Whatever its file says by now, the daemon is found, paused and told, and the refusal too."""
    with running(tmp_path) as daemon:
        daemon.drop("post.md", "Some words.")
        daemon.published("post", "Some words.")
        daemon.config.write_text(broken)
        for command in (("status",), ("status", "--json")):
            told = _told(daemon, *command)
            assert told.count("The configuration is refused, and the old one kept") == 1
            assert why in told
            assert "stopped" not in told
        assert "narrated is paused" in _told(daemon, "pause", "2h")
        assert daemon.status()["state"] == "paused"
        assert "narrated is paused" in _told(daemon, "status")
        assert "narrated goes on" in _told(daemon, "resume")
        assert "is refused" in _told(daemon, "history", str(daemon.inbox / "post.md"))
        refused = daemon.ask("reload")
        assert refused.returncode == 3
        assert why in refused.stderr
        assert _told(daemon, "status").count("is refused") == 1


def test_broken_config_without_daemon(tmp_path: Path) -> None:
    """Without a daemon, a file that cannot be used fails each command with the reason."""
    daemon = Daemon(tmp_path)
    with daemon:
        pass
    daemon.config.write_text("inbox: [")
    for command in ("status", "pause", "reload"):
        refused = daemon.ask(command)
        assert refused.returncode == 3
        assert "is not valid YAML" in refused.stderr


def test_reload_by_the_unit(tmp_path: Path) -> None:
    """systemd's ExecReload finds the daemon whatever the file says of its state folder."""
    runtime = {"RUNTIME_DIRECTORY": str(tmp_path / "run")}
    (tmp_path / "run").mkdir()
    daemon = Daemon(tmp_path)
    daemon.start(**runtime)
    try:
        daemon.configure(state="elsewhere")
        refused = daemon.ask("reload", **runtime)
        assert refused.returncode == 3
        assert "`state` changed, and a running daemon cannot follow" in refused.stderr
    finally:
        daemon.stop()


def test_reload_needs_a_daemon(tmp_path: Path) -> None:
    """Without a daemon `narrated reload` fails, and says when the file is read."""
    refused = Daemon(tmp_path).ask("reload")
    assert refused.returncode == 1
    assert "No daemon runs" in refused.stderr


def test_reloaded_voice_ends_the_wait(tmp_path: Path) -> None:
    """A file that waits for a voice goes on when a reload names another voice."""
    with running(tmp_path, **_voice(tmp_path, "klingonish")) as daemon:
        daemon.drop("post.md", "Words to be said.")
        assert "klingonish" in daemon.note("post")
        daemon.configure(**_voice(tmp_path, "other"))
        _reload(daemon)
        assert daemon.published("post", "Words to be said.")["voice"] == "other"


def test_reload_applies_ignore_and_log(tmp_path: Path) -> None:
    """A reload applies to the ignored patterns and the log level."""
    with running(tmp_path, log="info") as daemon:
        daemon.configure(ignore=["drafts/**"], log="debug")
        _reload(daemon)
        daemon.drop("drafts/x.md", "Not yet.")
        daemon.drop("y.md", "But this.")
        daemon.published("y", "But this.")
        daemon.wait_idle()
        assert not {name for name in daemon.files if name.startswith("drafts")}
        assert "DEBUG" in daemon.log


def test_reloaded_engine_gets_worker(tmp_path: Path) -> None:
    """An engine that a reload adds gets a worker."""
    with running(tmp_path) as daemon:
        changed = toy(tmp_path, sample_rate=16000)
        daemon.configure(**changed)
        _reload(daemon)
        daemon.drop("post.md", "Spoken by a fresh worker.")
        daemon.published("post", "Spoken by a fresh worker.")
        daemon.drop("last.md", "And so is this.")
        daemon.published("last", "And so is this.")
        assert daemon.status()["workers"][0]["restarts"] == 0


def test_no_narration_mixes_two_engines(tmp_path: Path) -> None:
    slow = {"delay_s": 0.1, "rows": 1}
    with running(tmp_path, **toy(tmp_path, **slow)) as daemon:
        book = _book(15)
        daemon.drop("book.md", book)
        wait(lambda: len(daemon.spoken) > 4)
        daemon.configure(**toy(tmp_path, **slow, sample_rate=16000))
        _reload(daemon)
        daemon.published("book", book)
        counts = Counter(daemon.spoken)
        assert counts["Paragraph zero of the book."] == 2
        assert counts["Paragraph fourteen of the book."] == 1
        with av.open(str(daemon.outbox / "book.mp3")) as sound:
            assert sound.streams.audio[0].sample_rate == 16000


def test_watchdog_is_fed_only_if_alive(
    tmp_path: Path,
) -> None:
    """The daemon feeds the watchdog while it runs, and not while it is stopped."""
    daemon = Daemon(tmp_path)
    daemon.start(WATCHDOG_USEC="600000")
    try:
        for _ in range(3):
            daemon.wait_told("WATCHDOG=1", len(daemon.statuses))
        daemon.signal(signal.SIGSTOP)
        assert daemon.process is not None
        stat = Path(f"/proc/{daemon.process.pid}/stat")
        wait(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
        daemon.tell("the last before the silence")
        daemon.wait_told("the last before the silence")
        since = len(daemon.statuses)
        time.sleep(0.5)
        assert daemon.statuses[since:] == []
        daemon.signal(signal.SIGCONT)
        daemon.wait_told("WATCHDOG=1", since)
    finally:
        daemon.stop()


def test_ready_awaits_first_worker(tmp_path: Path) -> None:
    """The daemon reports ready once it watches the inbox and a worker answers."""
    daemon = Daemon(tmp_path, **toy(tmp_path, load_s=0.5))
    began = time.monotonic()
    with daemon:
        assert time.monotonic() - began >= 0.5
        assert daemon.status()["workers"][0]["state"] == "ready"
        daemon.drop("post.md", "At once.")
        daemon.published("post", "At once.")


def test_unloadable_voice_delays_files(tmp_path: Path) -> None:
    """A voice that cannot be loaded makes files wait; the unit does not fail."""
    with running(tmp_path, **toy(tmp_path, die_at_load=True)) as daemon:
        daemon.drop("post.md", "It cannot be said.")
        note = daemon.note("post")
        assert "narrated doctor" in note
        assert daemon.status()["state"] == "waiting"
        daemon.configure()
        _reload(daemon)
        daemon.published("post", "It cannot be said.")


def test_stop_mid_book_is_quick(tmp_path: Path) -> None:
    """A stop in the middle of a book is quick, and the daemon reports it."""
    settings = toy(tmp_path, delay_s=0.3, rows=2)
    with running(tmp_path, **settings) as daemon:
        book = _book(12)
        daemon.drop("book.md", book + "\nAnd the end is SLOW:12.\n")
        wait(lambda: len(daemon.spoken) > 4)
        workers = [each["pid"] for each in daemon.status()["workers"]]
        daemon.stop()
        assert not any("SLOW" in text for text in daemon.spoken)  # it did not wait for the end
        assert daemon.process is not None
        assert daemon.process.returncode == 0
        assert "STOPPING=1" in " ".join(daemon.statuses)
        assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
        before = len(daemon.spoken)
        daemon.start()
        daemon.manifest("book")
        assert len(set(daemon.spoken)) == 14
        assert len(daemon.spoken) - len(set(daemon.spoken)) <= 2
        assert before > 4


def test_workers_end_with_killed_daemon(tmp_path: Path) -> None:
    """No worker outlives a killed daemon."""
    daemon = Daemon(tmp_path, **toy(tmp_path, delay_s=0.2))
    daemon.start()
    daemon.drop("book.md", _book(20))
    wait(lambda: len(daemon.spoken) > 2)
    assert daemon.process is not None
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text()
    assert len(children.split()) >= 2
    daemon.kill()
    wait(lambda: not [pid for pid in children.split() if _is_alive(int(pid))])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
