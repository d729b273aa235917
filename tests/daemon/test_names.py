"""File names are bytes, and the daemon's users do not all name files alike."""

import os
from pathlib import Path

import pytest

from support.daemon import Daemon, running, wait


@pytest.mark.parametrize(
    "name",
    [b"n\xfe\xff.md", b"new\nline.md", b"-dash.md", "\u202ertl.md".encode(), b"a" * 250 + b".md"],
    ids=["not UTF-8", "newline", "dash", "right to left", "255 bytes"],
)
def test_any_file_name_is_narrated(tmp_path: Path, name: bytes) -> None:
    """Any name that a file can have is narrated."""
    with running(tmp_path) as daemon:
        (daemon.inbox / os.fsdecode(name)).write_text("Words to be said.\n")
        _three_files(daemon)
        wait(lambda: daemon.status()["done_today"] == 1)
        assert daemon.ask("history", "--", os.fsdecode(name)).returncode == 0


def test_name_cannot_forge_log_line(tmp_path: Path) -> None:
    """A name cannot forge a line of the log."""
    with running(tmp_path) as daemon:
        (daemon.inbox / "a\n2026-01-01 INFO forged.md").write_text("Words to be said.\n")
        wait(lambda: "a\\n2026-01-01 INFO forged.md is narrated" in daemon.log)
        assert "\n2026-01-01 INFO forged" not in daemon.log


def _three_files(daemon: Daemon) -> None:
    wait(lambda: len(daemon.files) == 3, lambda: daemon.log)
