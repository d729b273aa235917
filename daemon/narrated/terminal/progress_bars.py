"""Progress bars on stderr, one for each long command."""

import sys
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

from narrated.human_formatting import count_noun, size
from narrated.printable import printable
from narrated.terminal.licence_question import ask_for_licence, licence_text

if TYPE_CHECKING:
    from narrated.models.pull import PullPlan
    from narrated.service.status_report import StatusReport

COMMIT_CHARACTERS = 8
"""Length of a commit's hash in tables and messages."""

_PIP_LINE_CHARACTERS = 70
_PATH_CHARACTERS = 40
_OPEN_STATES = ("queued", "planned", "speaking", "publishing")


class ProgressBar:
    """A bar that is drawn while its context lasts, with `task` as its first description.

    It is hidden if stderr is no terminal.
    """

    def __init__(self, task: str, *columns: ProgressColumn, **options: Any) -> None:
        hidden = {"transient": True, "disable": not sys.stderr.isatty()}
        self._progress = Progress(*columns, console=Console(stderr=True), **(hidden | options))
        self._task = self._progress.add_task(task, total=None)

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Begin to draw."""
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: float, total: float, task: str | None = None) -> None:
        """Draw the amount done, and the current task."""
        self._progress.update(self._task, description=task, completed=done, total=total)


def _task_and_bar() -> tuple[ProgressColumn, ProgressColumn]:
    return TextColumn("{task.description}", markup=False), BarColumn()


class NarrationProgress(ProgressBar):
    """Progress of `narrated once`, which stays. Call it with each status report."""

    def __init__(self) -> None:
        columns = (*_task_and_bar(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
        super().__init__("looking", *columns, transient=False, disable=False)

    def __call__(self, report: "StatusReport") -> None:
        counts = report.counts
        finished = sum(counts.get(state, 0) for state in ("done", "failed", "waiting"))
        total = finished + sum(counts.get(state, 0) for state in _OPEN_STATES)
        if total:
            done = finished + sum(each.fraction for each in report.reading)
            self.show(done, total, _current_task(report))


def _current_task(report: "StatusReport") -> str:
    if not report.reading:
        return "finishing" if report.state == "working" else "done"
    name = printable(report.reading[0].path)
    short = name if len(name) <= _PATH_CHARACTERS else "…" + name[1 - _PATH_CHARACTERS :]
    return f"reading {short}"


class FolderCheckProgress(ProgressBar):
    """Progress of `narrated script --check`: show the files done and all files."""

    def __init__(self) -> None:
        super().__init__("reading", *_task_and_bar(), MofNCompleteColumn(), TimeElapsedColumn())


class ServerCheckProgress(ProgressBar):
    """Progress of `narrated podcast check URL`: show the files asked for and all files."""

    def __init__(self) -> None:
        super().__init__("asking", *_task_and_bar(), MofNCompleteColumn(), TimeElapsedColumn())


class PullProgress(ProgressBar):
    """Progress of `narrated models pull`, in bytes."""

    def __init__(self, repository: str, *, quiet: bool, accepts_licence: bool = False) -> None:
        columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        options = {"disable": True} if quiet else {}
        super().__init__(printable(repository), *_task_and_bar(), *columns, **options)
        self._quiet = quiet
        self._accepts_licence = accepts_licence

    def __enter__(self) -> Self:
        return self  # drawn once there is a plan: a question may come first

    def planned(self, plan: "PullPlan") -> None:
        """Print the files that the pull will download, and their licence; ask if it is needed.

        Raises NarratedError if the licence is not accepted.
        """
        if plan.missing and not self._quiet:
            click.echo(_planned_line(plan), err=True)
        if not self._accepts_licence:
            ask_for_licence(plan)
        self.start()

    def progressed(self, done: int, total: int) -> None:
        """Draw the bytes downloaded."""
        self.show(done, total)


def _planned_line(plan: "PullPlan") -> str:
    begun = f", {size(plan.begun_bytes)} of them from before" if plan.begun_bytes else ""
    return printable(
        f"{plan.entry.repository} at {plan.commit[:COMMIT_CHARACTERS]}: "
        f"{count_noun(len(plan.missing), 'file')}, {size(plan.missing_bytes)}{begun}; "
        f"{licence_text(plan.licences)}"
    )


class VerificationProgress(ProgressBar):
    """Progress of `narrated models verify`. Call it with the bytes of each file."""

    def __init__(self, repository: str, total_bytes: int) -> None:
        super().__init__(repository, *_task_and_bar(), DownloadColumn())
        self._total_bytes = total_bytes
        self._done_bytes = 0

    def __call__(self, more_bytes: int) -> None:
        self._done_bytes += more_bytes
        self.show(self._done_bytes, self._total_bytes)


class InstallProgress(ProgressBar):
    """Progress of `narrated engines install`: pip's current line, and the time elapsed."""

    def __init__(self, package: str) -> None:
        columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        super().__init__(package, *columns)

    def __call__(self, line: str) -> None:
        """Draw a line of pip's output, without its warnings about its own package search."""
        if line.strip() and not line.startswith("WARNING"):
            self.show(0, 1, escape(line.strip()[:_PIP_LINE_CHARACTERS]))
