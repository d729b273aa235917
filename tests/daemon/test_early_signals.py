"""Signals during the start: from the first moment on they mean what they mean later."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from narrated.service.state_lock import holder
from support.daemon import Daemon, wait
from support.watched_daemon import WatchedDaemon

STOPPED_AT_IMPORT = """
import os, signal, sys
sys.addaudithook(lambda event, about: event == "import" and about[0] == "narrated.service.daemon"
                 and os.kill(os.getpid(), signal.{name}))
from narrated.cli.main import main
main(["--config", {config!r}, "run"])
"""

INTERRUPTED_AT_IMPORT = """
import os, signal, sys
sys.addaudithook(lambda event, about: event == "import" and about[0] == {module!r}
                 and os.kill(os.getpid(), signal.SIGINT))
sys.argv[1:] = ["say", "Words.", "-o", {output!r}]
from narrated.cli.entry_point import run
run()
"""


def starting(home: Path, hung: str) -> WatchedDaemon:
    """A daemon that holds its lock, and whose start waits for a file below this folder."""
    daemon = WatchedDaemon(home)
    for folder in ("state/work", "cache/tmp"):
        (home / folder).mkdir(parents=True)
    daemon.hang(home / hung)
    daemon.begin(ready=False)
    wait(lambda: holder(home / "state"), lambda: daemon.log)
    return daemon


@pytest.mark.parametrize("hung", ["state/work", "cache/tmp"])
def test_stop_cuts_an_early_start(tmp_path: Path, hung: str) -> None:
    """A stop before the daemon listens ends it with code 0, as later, and frees the state."""
    daemon = starting(tmp_path, hung)
    daemon.stop()
    assert daemon.process is not None
    assert daemon.process.poll() == 0, daemon.log
    assert holder(tmp_path / "state") is None
    with Daemon(tmp_path) as again:
        again.drop("post.md", "Some words.\n")
        again.published("post", "Some words.\n")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_stop_amid_the_imports(tmp_path: Path, name: str) -> None:
    """A stop while Python still imports the daemon ends it with code 0 and no traceback."""
    daemon = Daemon(tmp_path)
    program = STOPPED_AT_IMPORT.format(name=name, config=str(daemon.config))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("module", "code", "told"),
    [
        ("narrated.cli.main", -signal.SIGINT, b""),
        ("narrated.service.app", 130, b"narrated: stopped\n"),
    ],
)
def test_ctrl_c_amid_the_imports(tmp_path: Path, module: str, code: int, told: bytes) -> None:
    """Ctrl-C ends a command without a traceback, however early it comes."""
    program = INTERRUPTED_AT_IMPORT.format(module=module, output=str(tmp_path / "said.mp3"))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (code, told)


def test_early_reload_is_not_lost(tmp_path: Path) -> None:
    """SIGHUP during the start reloads once the daemon is ready, and does not end it."""
    daemon = starting(tmp_path, "state/work")
    daemon.signal(signal.SIGHUP)
    daemon.hung.unlink()
    daemon.wait_told("READY=1")
    daemon.wait_told("RELOADING=1")
    wait(lambda: "configuration is reloaded" in daemon.log, lambda: daemon.log)
    daemon.stop()


def test_whole_start_asks_for_time(tmp_path: Path) -> None:
    """systemd is asked for more time from the start's first step on, not from its last ones."""
    daemon = starting(tmp_path, "state/work")
    daemon.wait_told("EXTEND_TIMEOUT_USEC=")
    daemon.stop()


def test_stop_cuts_an_early_once(tmp_path: Path) -> None:
    """A stop before `once` began says so, with code 1, and frees the state."""
    daemon = WatchedDaemon(tmp_path)
    (tmp_path / "state/work").mkdir(parents=True)
    daemon.hang(tmp_path / "state/work")
    once = daemon.begin_once()
    wait(lambda: holder(tmp_path / "state"), lambda: daemon.log)
    once.terminate()
    _, told = once.communicate(timeout=60)
    assert (once.returncode, holder(tmp_path / "state")) == (1, None)
    assert told.startswith(b"narrated: Stopped before the first file.")
