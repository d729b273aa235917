"""Completion, asked for by a real shell on a terminal, and by the words that a shell hands over."""

import os
import pty
import resource
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import PATIENCE_S

PROGRAMS = Path(sys.executable).parent


class Terminal:
    """An interactive bash without startup files; `output` has what it has drawn so far."""

    def __init__(self, home: Path) -> None:
        self._master, slave = pty.openpty()
        path = f"{PROGRAMS}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(home), "TERM": "dumb", "PS1": "ready$ "}
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            cwd=home,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.output = ""

    def type(self, keys: str, until: str) -> None:
        """Type keys, and wait until the shell has drawn a text after them."""
        self.output = ""
        os.write(self._master, keys.encode())
        end = time.monotonic() + PATIENCE_S
        while until not in self.output:
            assert time.monotonic() < end, f"no {until!r} in {self.output!r}"
            if select.select([self._master], [], [], 0.1)[0]:
                self.output += os.read(self._master, 4096).decode(errors="replace")

    def close(self) -> None:
        """Hang up."""
        self._shell.kill()
        self._shell.wait()
        os.close(self._master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A bash in an empty home, with completion set up as its help says."""
    terminal = Terminal(tmp_path)
    try:
        terminal.type('eval "$(narrated completion bash)"; echo set""up\n', "setup")
        yield terminal
    finally:
        terminal.close()


def test_bash_completes_at_a_tab(terminal: Terminal, tmp_path: Path) -> None:
    """In bash, Tab completes a command, an option, names of voices and models, and a file."""
    (tmp_path / "post.md").touch()
    terminal.type("narrated voi\t", "narrated voices ")
    terminal.type("aud\t", "ition ")
    terminal.type("--engine pic\t", "o ")
    terminal.type("fr\t", "-FR ")
    terminal.type("\x15narrated models pull blip-\t", "blip-large ")
    terminal.type("\x15narrated history po\t", "post.md ")
    terminal.type("\x15narrated status --wa\t", "--watch ")


def completed(words: list[str], home: Path) -> list[str]:
    """Ask for completions of the last word, as bash does."""
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    env = {"HOME": str(home), "_NARRATED_COMPLETE": "bash_complete", **asked}
    program = [PROGRAMS / "narrated"]
    done = subprocess.run(program, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.splitlines()]


VOICES = ["narrated", "voices", "audition", "en-G"]


@pytest.mark.parametrize("text", ["inbox: [", "", "speech: {engine: none}"])
def test_broken_configuration_completes(tmp_path: Path, text: str) -> None:
    """A broken or unknown configuration costs no completion, and prints nothing."""
    config = tmp_path / "narrated.yaml"
    config.write_text(text)
    words = ["narrated", "-c", str(config if text else tmp_path / "missing.yaml"), "voices"]
    assert "en-GB" in completed([*words, "audition", "en-G"], tmp_path)
    assert {"espeak", "pico"} <= {*completed([*words, "list", "-e", ""], tmp_path)}


def test_own_names_are_completed(tmp_path: Path) -> None:
    """Voices and engines of the user's own are completed, but no name that bash would misread."""
    voices = tmp_path / ".local/state/narrated/voices"
    for name in ("anna", "my aunt", "$(reboot)"):
        (voices / name).mkdir(parents=True)
        (voices / name / "1.wav").touch()
    config = tmp_path / ".config/narrated/narrated.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("inbox: in\noutbox: out\nengines: {calm: {like: bark}}\n")
    words = ["narrated", "voices", "audition", "--engine", "tortoise"]
    mine = completed([*words, ""], tmp_path)
    assert "anna" in mine
    assert not {"my aunt", "$(reboot)"} & {*mine}
    assert completed(["narrated", "voices", "list", "-e", "ca"], tmp_path) == ["calm"]


def test_voice_option_is_completed(tmp_path: Path) -> None:
    """Voices of all engines are completed where no engine is named, also for a document's."""
    assert "en-GB" in completed(["narrated", "read", "-v", "en-G"], tmp_path)


def test_completing_costs_little(tmp_path: Path) -> None:
    """A completion of voices takes at most five times the CPU of narrated's own start."""

    def cpu_s(call: list[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if call:
            completed(call, tmp_path)
        else:
            subprocess.run([PROGRAMS / "narrated", "--version"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    completing, starting = (min(cpu_s(call) for _ in range(3)) for call in (VOICES, []))
    assert completing < 5 * starting
