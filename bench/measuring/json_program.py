"""A program that answers lines of JSON, such as what a user would run instead of narrated."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from narrated.workers.child import HUGE_PAGES, environment

_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that spin while they wait would count as processor time; a worker's do not, either."""


class JsonProgram:
    """A running program, its models loaded."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def request(self, request: Any) -> Any:
        """Send a request; gives the answer."""
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self.answer()

    def answer(self) -> Any:
        """Wait for the next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the program ended; its output stands above"
        return json.loads(line)


@contextmanager
def running_program(
    name: str,
    *arguments: object,
    python: str = sys.executable,
    environ: Mapping[str, str] = _PATIENT,
) -> Iterator[JsonProgram]:
    """Start one of the programs beside this module; it ends after the block."""
    script = Path(__file__).with_name(f"{name}.py")
    command = [python, "-W", "ignore", str(script), *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    env = {**os.environ, **environ}
    with subprocess.Popen(command, text=True, env=env, **pipes) as process:
        try:
            yield JsonProgram(process)
        finally:
            process.stdin.close()


def own_program(name: str, *arguments: object) -> AbstractContextManager[JsonProgram]:
    """Start a program of ours beside this module, with the environment of a worker with models."""
    environ = {**HUGE_PAGES, **environment(""), "PYTHONPATH": str(Path(__file__).parents[1])}
    return running_program(name, *arguments, environ=environ)
