"""File names are bytes, and the daemon's users do not all name files alike."""

import os

import pytest

from support.daemon import Daemon, wait
from support.published import SUFFIXES


@pytest.mark.parametrize(
    "name",
    [b"n\xfe\xff.md", b"new\nline.md", b"-dash.md", "\u202ertl.md".encode(), b"a" * 250 + b".md"],
    ids=["not UTF-8", "newline", "dash", "right to left", "255 bytes"],
)
def test_any_file_name_is_narrated(daemon: Daemon, name: bytes) -> None:
    """Any name that a file can have is narrated."""
    before = daemon.files
    source = daemon.inbox / os.fsdecode(name)
    source.write_text(f"Words of {name!r} to be said.\n")
    # Beside the longest name there is no room for the suffix of the JSON transcript.
    count = len(SUFFIXES) - (len(name) == 253)
    wait(lambda: len(daemon.files - before) == count, lambda: daemon.log)
    wait(lambda: daemon.history(os.fsdecode(name)) == ["done"], lambda: daemon.log)
    assert daemon.ask("history", "--", os.fsdecode(name)).returncode == 0


def test_name_cannot_forge_log_line(daemon: Daemon) -> None:
    """A name cannot forge a line of the log."""
    (daemon.inbox / "a\n2026-01-01 INFO forged.md").write_text("Words to be said.\n")
    wait(lambda: "a\\n2026-01-01 INFO forged.md is narrated" in daemon.log)
    assert "\n2026-01-01 INFO forged" not in daemon.log
