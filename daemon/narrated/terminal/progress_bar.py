"""A progress bar on stderr, for whatever work is long."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn


class ProgressBar:
    """Drawn while its context lasts; `columns` say how, `task` what is done at first."""

    def __init__(self, *columns: ProgressColumn, task: str, **looks: Any) -> None:
        self._progress = Progress(*columns, console=Console(stderr=True), **looks)
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

    def show(self, done: float, total: float, doing: str | None = None) -> None:
        """Draw how much is done, and at what."""
        self._progress.update(self._task, description=doing, completed=done, total=total)
