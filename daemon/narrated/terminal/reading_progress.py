"""The progress of a command that speaks: a bar on a terminal, now and then a line elsewhere."""

import sys
import time

import click
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from narrated.human_formatting import duration
from narrated.printable import printable
from narrated.terminal.progress_bars import ProgressBar

_LINE_S = 10.0
_NAME_CHARACTERS = 40


class ReadingProgress(ProgressBar):
    """Call it with the fraction that is done, as often as you like."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
        )
        self._name = _shortened(printable(name))
        super().__init__(f"reading {self._name}", *columns, **({"disable": True} if quiet else {}))
        self._prints_lines = not quiet and not sys.stderr.isatty()
        self._began_s = self._told_s = time.monotonic()

    def __call__(self, fraction: float) -> None:
        self.show(fraction, 1.0, f"{'speaking' if fraction else 'reading'} {self._name}")
        now_s = time.monotonic()
        if self._prints_lines and now_s - self._told_s >= _LINE_S:
            self._told_s = now_s
            click.echo(self._line(fraction, now_s - self._began_s), err=True)

    def _line(self, fraction: float, elapsed_s: float) -> str:
        if not fraction:
            return f"reading {self._name}"
        left = duration(elapsed_s * (1 - fraction) / fraction)
        return f"speaking {self._name}: {fraction:.0%}, about {left} left"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_CHARACTERS else "…" + name[1 - _NAME_CHARACTERS :]
