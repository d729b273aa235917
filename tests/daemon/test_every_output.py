"""Every command whose output nothing takes: a full terminal, or a reader that has gone."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from support.daemon import PATIENCE_S, Daemon, running
from support.every_command import command_name, invocations
from support.forked import Fork

WATCH = ("status", "--watch")
DEADEND = "http://127.0.0.1:9"
"""Nothing listens there."""
FULL = "narrated: the output could not be written: No space left on device."


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with a post, and what the commands name beside it."""
    with running(tmp_path_factory.mktemp("full")) as daemon:
        daemon.drop("post.md", "Words.\n")
        daemon.published("post", "Words.\n")
        Image.new("RGB", (64, 48), "red").save(daemon.home / "photo.png")
        (daemon.home / "clips").mkdir()
        yield daemon


def _run(daemon: Daemon, command: Sequence[str], output: int) -> tuple[int, str]:
    """Run a command in the home, with this output; returns its exit code and its messages."""
    env = {**os.environ, "HOME": str(daemon.home), "HF_ENDPOINT": DEADEND}
    arguments = ["--config", str(daemon.config), *command]
    with tempfile.TemporaryFile("w+") as error, pytest.MonkeyPatch.context() as patch:
        patch.chdir(daemon.home)
        code = Fork(arguments, env, output, error.fileno()).wait(PATIENCE_S)
        error.seek(0)
        return code, error.read()


def _prints(daemon: Daemon, command: Sequence[str]) -> bool:
    if command == WATCH:
        return True
    with tempfile.TemporaryFile() as output:
        _run(daemon, command, output.fileno())
        return output.seek(0, os.SEEK_END) > 0


@pytest.mark.parametrize("command", [*invocations(), WATCH], ids=" ".join)
def test_full_output_of_each_command(daemon: Daemon, command: tuple[str, ...]) -> None:
    """A command whose output has no room says so in a line and fails, or has failed before."""
    prints = _prints(daemon, command)
    with Path("/dev/full").open("w") as full:
        code, told = _run(daemon, command, full.fileno())
    assert "Traceback" not in told
    if prints and command_name(command) != "cancel":  # the first may have left nothing to cancel
        assert told.splitlines()[-1] == FULL
    if prints:
        assert code == 1


@pytest.mark.parametrize("command", [*invocations(), WATCH], ids=" ".join)
def test_lost_reader_of_each_command(daemon: Daemon, command: tuple[str, ...]) -> None:
    """A command whose reader has gone, such as `head`, says nothing about it."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        code, told = _run(daemon, command, writing)
    finally:
        os.close(writing)
    assert "Traceback" not in told
    assert "broken pipe" not in told.lower() and "BrokenPipe" not in told
    assert "output could not be written" not in told
    assert code >= 0
