"""How the installation of an engine's code looks on a terminal."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from rich.markup import escape
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from narrated.environments.engine_packages import EnginePackage
from narrated.terminal.progress_bar import ProgressBar

_LINE_CHARACTERS = 70


class InstallProgress(ProgressBar):
    """What pip is doing, and for how long already, where stderr is a terminal."""

    def __init__(self, code: EnginePackage) -> None:
        columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        hidden = not sys.stderr.isatty()
        super().__init__(*columns, task=code.package, transient=True, disable=hidden)

    def __call__(self, line: str) -> None:
        """Draw the line that pip says now; its warnings are of its own search for packages."""
        if line.strip() and not line.startswith("WARNING"):
            self.show(0, 1, escape(line.strip()[:_LINE_CHARACTERS]))


def beside_lines(code: EnginePackage, place: Path) -> Iterator[str]:
    """How an installation beside our libraries ended, and what to do now."""
    yield f"{code.package} is installed in {place}, beside the rest."
    yield f"  Its model, once: narrated models pull {code.engine}"


def apart_lines(code: EnginePackage, interpreter: Path) -> Iterator[str]:
    """How an installation apart ended, and the lines that use it."""
    entry = {code.engine: {"python": str(interpreter)}}
    yield f"{code.package} is installed in {interpreter.parents[1]}, with the libraries it pins."
    yield "  Use it in narrated.yaml:"
    yield f"    engines: {yaml.safe_dump(entry, default_flow_style=True, width=math.inf).strip()}"
