"""Progress bars on stderr, one for each long command. They are hidden if stderr is no terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from narrated.human_sizes import size
from narrated.printable import printable
from narrated.script.preview import count_noun

if TYPE_CHECKING:
    from narrated.environments.engine_packages import EnginePackage
    from narrated.models.lockfile import LockedModel
    from narrated.models.pull import PullPlan
    from narrated.service.status_report import StatusReport

COMMIT_CHARACTERS = 8
"""Length of a commit's hash in tables and messages."""

_PIP_LINE_CHARACTERS = 70
_PATH_CHARACTERS = 40


class ProgressBar:
    """A bar that is drawn while its context lasts, with `task` as its first description."""

    def __init__(self, *columns: ProgressColumn, task: str, **options: Any) -> None:
        self._progress = Progress(*columns, console=Console(stderr=True), **options)
        self._first = task

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task(self._first, total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, done: float, total: float, task: str | None = None) -> None:
        """Draw the amount done, and the current task."""
        self._progress.update(self._task, description=task, completed=done, total=total)


class NarrationProgress(ProgressBar):
    """Progress of `narrated once`. Call it with each status report."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn())
        share = TextColumn("{task.percentage:>3.0f} %")
        super().__init__(*columns, share, TimeElapsedColumn(), task="looking")

    def __call__(self, report: "StatusReport") -> None:
        done, total = _files_done(report)
        if total:
            self.show(done, total, _current_task(report))


def _files_done(report: "StatusReport") -> tuple[float, float]:
    """The number of files done, with a fraction for each open file, and the number of all."""
    finished = sum(report.counts.get(state, 0) for state in ("done", "failed", "waiting"))
    open_states = ("queued", "planned", "speaking", "publishing")
    unfinished = sum(report.counts.get(state, 0) for state in open_states)
    return finished + sum(each.fraction for each in report.reading), finished + unfinished


def _current_task(report: "StatusReport") -> str:
    if not report.reading:
        return "finishing" if report.state == "working" else "done"
    name = printable(report.reading[0].path)
    short = name if len(name) <= _PATH_CHARACTERS else "…" + name[1 - _PATH_CHARACTERS :]
    return f"reading {short}"


class FolderCheckProgress(ProgressBar):
    """Progress of `narrated script --check`. Call it with the files done and all files."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        super().__init__(
            *columns, TimeElapsedColumn(), task="reading", transient=True, disable=_is_hidden()
        )

    def __call__(self, done: int, total: int) -> None:
        self.show(done, total)


class PullProgress(ProgressBar):
    """Progress of `narrated models pull`, in bytes."""

    def __init__(self, repository: str, *, quiet: bool) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        rates = (TransferSpeedColumn(), TimeRemainingColumn())
        name = printable(repository)
        super().__init__(*columns, *rates, task=name, transient=True, disable=quiet or _is_hidden())
        self._quiet = quiet
        self._name = name

    def planned(self, plan: "PullPlan") -> None:
        """Print the files that the pull will download."""
        if plan.missing and not self._quiet:
            click.echo(_planned_line(plan), err=True)

    def progressed(self, done: int, total: int) -> None:
        """Draw the bytes downloaded."""
        self.show(done, total, self._name)


def _planned_line(plan: "PullPlan") -> str:
    begun = f", {size(plan.begun_bytes)} of them from before" if plan.begun_bytes else ""
    return printable(
        f"{plan.entry.repository} at {plan.commit[:COMMIT_CHARACTERS]}: "
        f"{count_noun(len(plan.missing), 'file')}, {size(plan.missing_bytes)}{begun}"
    )


class VerificationProgress(ProgressBar):
    """Progress of `narrated models verify`. Call it with the bytes of each file."""

    def __init__(self, repository: str, locked: "LockedModel") -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        super().__init__(*columns, task=repository, transient=True, disable=_is_hidden())
        self._repository = repository
        self._total = locked.bytes
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        self.show(self._done, self._total, self._repository)


class InstallProgress(ProgressBar):
    """Progress of `narrated engines install`: pip's current line, and the time elapsed."""

    def __init__(self, package: "EnginePackage") -> None:
        columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        super().__init__(*columns, task=package.package, transient=True, disable=_is_hidden())

    def __call__(self, line: str) -> None:
        """Draw a line of pip's output, without its warnings about its own package search."""
        if line.strip() and not line.startswith("WARNING"):
            self.show(0, 1, escape(line.strip()[:_PIP_LINE_CHARACTERS]))


def _is_hidden() -> bool:
    return not sys.stderr.isatty()
