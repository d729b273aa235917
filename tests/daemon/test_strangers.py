"""Commands of an account that may not look into the daemon's state."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support.daemon import Daemon, toy

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another account")

NOBODY, DAEMONS_GROUP = 65534, 1
AS_STRANGER = f"""
import importlib.metadata, os, sys
import narrated.terminal.daemon_client, narrated.terminal.command_reports
import narrated.terminal.without_daemon, narrated.service.commands, narrated.service.daemon
import narrated.jobs.bulk_requeue_runner
from narrated.cli.main import main
groups = [int(group) for group in sys.argv.pop(1).split(",") if group]
os.setgroups(groups), os.setgid({NOBODY}), os.setuid({NOBODY})
main()
"""
"""The interpreter itself may lie where only root reads it, so all is imported before."""

COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("history", "post.md"),
    ("retry", "post.md"),
    ("refresh", "post.md"),
    ("cancel", "post.md"),
    ("respeak", "post.md"),
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home that all may enter, with a state that only its owner and a group may."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        with Daemon(home, **toy(home)) as daemon:
            daemon.drop("post.md", "Words.\n")
            daemon.published("post", "Words.\n")
        yield home


def _ask(home: Path, command: Sequence[str], groups: str = "") -> subprocess.CompletedProcess[str]:
    arguments = ["--config", str(home / "narrated.yaml"), *command]
    return subprocess.run(
        [sys.executable, "-c", AS_STRANGER, groups, *arguments],
        capture_output=True,
        text=True,
        cwd=home,
    )


def _share(home: Path, mode: int) -> None:
    os.chown(home / "state", 0, DAEMONS_GROUP)
    (home / "state").chmod(mode)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_stranger_is_told_to_join(home: Path, command: Sequence[str]) -> None:
    """Whoever is not in the state's group is told to join it, and not to change its rights."""
    _share(home, 0o750)
    refused = _ask(home, command)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "Only the group daemon may use" in refused.stderr
    assert "Join it and log in again: sudo usermod -aG daemon nobody" in refused.stderr
    assert "chmod" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_stranger_is_told_the_account(home: Path) -> None:
    """Where no group may look, they are told to ask as the daemon's account."""
    _share(home, 0o700)
    refused = _ask(home, ("status",))
    assert "Only the account root may use" in refused.stderr
    assert "Ask as that account: sudo narrated" in refused.stderr


def test_member_is_told_to_start_it(home: Path) -> None:
    """The group sees what a daemon answers; without one, its ledger is the account's alone."""
    _share(home, 0o750)
    refused = _ask(home, ("status",), groups=str(DAEMONS_GROUP))
    assert "No daemon runs that could answer." in refused.stderr
    assert "systemctl start narrated" in refused.stderr


def test_stranger_runs_nothing(home: Path) -> None:
    """They cannot run a daemon on that state either, and are not told to change its rights."""
    _share(home, 0o700)
    refused = _ask(home, ("run",))
    assert refused.returncode == 5
    assert "Only the account root may use" in refused.stderr
    assert "Traceback" not in refused.stderr
