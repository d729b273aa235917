"""How the check of a folder looks: file by file, then the sum; for people and for programs."""

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from narrated.printable import printable
from narrated.script.preview import count_noun, describe_coverage, describe_skip, speaking_time
from narrated.terminal.folder_check import CheckedFile, FolderCheck
from narrated.terminal.progress_bar import ProgressBar

MOST_SKIPS = 8
"""Shown of one file, unless all are asked for."""


def lines(check: FolderCheck, *, every_skip: bool = False) -> Iterator[str]:
    """A check as `narrated script --check` prints it."""
    for each in check.files:
        yield from _file(each, every_skip)
    for path in check.conflicts:
        yield f"{printable(path)}  conflict, never read: keep one version, delete the other"
    yield from _sum(check)


def builtins(check: FolderCheck) -> dict[str, Any]:
    """A check as `--json` prints it, the sum with it."""
    totals = {
        "files": len(check.files),
        "failed": check.failed,
        **msgspec.to_builtins(check.coverage),
    }
    return {**msgspec.to_builtins(check), "totals": totals}


def _file(each: CheckedFile, every_skip: bool) -> Iterator[str]:
    path = printable(each.path)
    if each.coverage is None:
        yield f"{path}  NOT READ: {f'{each.problem} {each.remedy}'.rstrip()}"
        return
    yield f"{path}  {describe_coverage(each.coverage)}{'' if each.narrate else ' (narrate: false)'}"
    most = len(each.skipped) if every_skip else MOST_SKIPS
    for skip in each.skipped[:most]:
        yield f"    {describe_skip(skip)}"
    if len(each.skipped) > most:
        yield f"    and {len(each.skipped) - most} more"


def _sum(check: FolderCheck) -> Iterator[str]:
    if not check.files:
        yield "There is nothing to read in it."
        return
    yield ""
    yield f"{count_noun(len(check.files), 'file')}, {check.failed or 'none'} could not be read"
    if silent := sum(not each.narrate for each in check.files):
        yield f"{count_noun(silent, 'file')} not to be narrated (narrate: false), not counted below"
    coverage = check.coverage
    yield f"{describe_coverage(coverage)}, {speaking_time(coverage.words)}"


class FolderCheckProgress(ProgressBar):
    """A progress bar over files, where stderr is a terminal; call it with done and all."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        is_seen = sys.stderr.isatty()
        super().__init__(
            *columns, TimeElapsedColumn(), task="reading", transient=True, disable=not is_seen
        )

    def __call__(self, done: int, total: int) -> None:
        self.show(done, total)
