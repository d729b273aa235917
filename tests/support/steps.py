"""Daemons that end at a step: what they do is counted, and each may be killed after any of it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import msgspec

from support.daemon import TESTS, Daemon
from support.stepping import Begun, DaemonRun, Ended

KILLED = -9


@dataclass(frozen=True, slots=True)
class Lived:
    """A daemon's life: the steps that it did, in their order, and how it ended."""

    steps: list[str]
    code: int

    @property
    def numbered(self) -> list[tuple[str, int]]:
        """Each step, and the how manieth of its name it was."""
        return [(name, self.steps[:at].count(name)) for at, name in enumerate(self.steps, 1)]


class Lives:
    """Runs one daemon after another; a context manager."""

    def __init__(self) -> None:
        import narrated

        self._alive: int | None = None

        self._user_state = TemporaryDirectory()  # a daemon notes there where its state is
        paths = [str(Path(narrated.__file__).parents[1]), str(TESTS), str(TESTS / "engines")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.stepping"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "XDG_STATE_HOME": self._user_state.name,
                "PYTHONPATH": os.pathsep.join(paths),
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._alive is not None:  # a test failed while a daemon lived
            os.kill(self._alive, signal.SIGKILL)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._user_state.cleanup()

    def live(
        self,
        daemon: Daemon,
        kill_at: tuple[str, int] = ("", 1),
        *,
        watch: bool = False,
        breaks: bool = False,
        command: tuple[str, str] | None = None,
    ) -> Lived:
        """Have a daemon do all there is to do, or end right after a step.

        `breaks`: nothing that was planned can be carried on, for a reason that nobody foresaw.
        `command`: what the user asks for before, such as `("retry", "post.md")`.
        """
        self.begin(daemon, kill_at, watch=watch, breaks=breaks, command=command)
        code = self.ended()
        return Lived((daemon.home / "steps").read_text().splitlines(), code)

    def begin(
        self,
        daemon: Daemon,
        kill_at: tuple[str, int] = ("", 1),
        *,
        watch: bool = False,
        for_ever: bool = False,
        breaks: bool = False,
        command: tuple[str, str] | None = None,
    ) -> int:
        """Start a daemon; its process."""
        record, log = daemon.home / "steps", daemon.home / "log"
        paths = str(daemon.config), str(record), str(log)
        order = DaemonRun(*paths, watch, for_ever, breaks, command, *kill_at)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._process.stdin.flush()
        self._alive = msgspec.json.decode(self._process.stdout.readline(), type=Begun).pid
        return self._alive

    def ended(self) -> int:
        """Wait until the daemon that was started has ended; its exit code."""
        assert self._process.stdout is not None
        code = msgspec.json.decode(self._process.stdout.readline(), type=Ended).code
        self._alive = None
        return code
