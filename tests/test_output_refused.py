"""Output that nothing takes: a full disk behind it, or a reader that has gone."""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from narrated.cli.main import main

COMMANDS = (
    ("--help",),
    ("status",),
    ("status", "--json"),
    ("voices", "list"),
    ("models", "list"),
    ("config", "init", "--print"),
    ("doctor",),
    ("script", "inbox/post.md"),
)


def _run(home: Path, command: Sequence[str], output: int) -> subprocess.CompletedProcess[str]:
    (home / "inbox").mkdir()
    (home / "inbox/post.md").write_text("Some words.\n")
    entries = (f"{name}: {name}\n" for name in ("inbox", "outbox", "state", "cache"))
    (home / "narrated.yaml").write_text("".join(entries))
    return subprocess.run(
        [sys.executable, "-m", "narrated.cli", "--config", "narrated.yaml", *command],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_full_output_ends_with_a_message(tmp_path: Path, command: Sequence[str]) -> None:
    """A command whose output has no room says so in a line, and fails."""
    with Path("/dev/full").open("w") as full:
        ended = _run(tmp_path, command, full.fileno())
    assert ended.stderr.splitlines()[-1] == (
        "narrated: the output could not be written: No space left on device."
    )
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 1


@pytest.mark.parametrize("command", COMMANDS[:3], ids=" ".join)
def test_lost_reader_ends_quietly(tmp_path: Path, command: Sequence[str]) -> None:
    """A command whose reader has gone, such as `head`, says nothing about it."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = _run(tmp_path, command, writing)
    finally:
        os.close(writing)
    assert "Traceback" not in ended.stderr
    assert "output" not in ended.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(tmp_path: Path, closed: str) -> None:
    """A caller may close the streams: a command does its work, and writes into no other file."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/post.md").write_text("Some words.\n")
    entries = (f"{name}: {name}\n" for name in ("inbox", "outbox", "state", "cache"))
    (tmp_path / "narrated.yaml").write_text("".join(entries) + "log: debug\n")
    narrated = (sys.executable, "-m", "narrated.cli", "--config", "narrated.yaml")
    for command in (("once",), ("status",), ("history", "post.md")):
        shell = ("sh", "-c", f'exec "$@" {closed}', "sh", *narrated, *command)
        ended = subprocess.run(shell, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert "Traceback" not in ended.stderr
    assert (tmp_path / "outbox/post.mp3").is_file()


def test_other_errors_keep_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of something else, though it names no file, is not taken for the output's."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(click.Group, "main", fail)
    with pytest.raises(OSError, match="Too many open files"):
        main(["status"])
