"""Daemons that end at a step: what they do is counted, and each may be killed after any of it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from support.daemon import TESTS, Daemon
from support.stepping import Ended, Wish

import msgspec

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

        paths = [str(Path(narrated.__file__).parents[1]), str(TESTS), str(TESTS / "engines")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.stepping"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def live(
        self, daemon: Daemon, kill_at: tuple[str, int] = ("", 1), *, watch: bool = False
    ) -> Lived:
        """Have a daemon do all there is to do, or end right after a step."""
        record = daemon.home / "steps"
        name, nth = kill_at
        wish = Wish(str(daemon.config), str(record), str(daemon.home / "log"), watch, name, nth)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(wish).decode() + "\n")
        self._process.stdin.flush()
        ended = msgspec.json.decode(self._process.stdout.readline(), type=Ended)
        return Lived(record.read_text().splitlines(), ended.code)
