"""How the check of a folder looks: file by file, then the sum; for people and for programs."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from narrated.printable import printable
from narrated.script.proof import amount, counted, minutes, skipped
from narrated.terminal.check import Check, Checked

MOST_SKIPS = 8
"""Shown of one file, unless all are asked for."""


def lines(check: Check, *, every_skip: bool = False) -> Iterator[str]:
    """A check as `narrated script --check` prints it."""
    for each in check.files:
        yield from _file(each, every_skip)
    for path in check.conflicts:
        yield f"{printable(path)}  conflict, never read: keep one version, delete the other"
    yield from _sum(check)


def builtins(check: Check) -> dict[str, Any]:
    """A check as `--json` prints it, the sum with it."""
    totals = {
        "files": len(check.files),
        "failed": check.failed,
        **msgspec.to_builtins(check.coverage),
    }
    return {**msgspec.to_builtins(check), "totals": totals}


def _file(each: Checked, every_skip: bool) -> Iterator[str]:
    path = printable(each.path)
    if each.coverage is None:
        yield f"{path}  NOT READ: {f'{each.problem} {each.remedy}'.rstrip()}"
        return
    yield f"{path}  {counted(each.coverage)}{'' if each.narrate else ' (narrate: false)'}"
    most = len(each.skipped) if every_skip else MOST_SKIPS
    for skip in each.skipped[:most]:
        yield f"    {skipped(skip)}"
    if len(each.skipped) > most:
        yield f"    and {len(each.skipped) - most} more"


def _sum(check: Check) -> Iterator[str]:
    if not check.files:
        yield "There is nothing to read in it."
        return
    yield ""
    yield f"{amount(len(check.files), 'file')}, {check.failed or 'none'} could not be read"
    if silent := sum(not each.narrate for each in check.files):
        yield f"{amount(silent, 'file')} not to be narrated (narrate: false), not counted below"
    coverage = check.coverage
    yield f"{counted(coverage)}, {minutes(coverage.words)}"


class Tally:
    """A progress bar over files on stderr, where that is a terminal; call it with done and all."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("reading", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
