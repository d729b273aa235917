"""A walk through a folder and everything below it, one folder a step."""

import os
import time
from collections.abc import Iterator

from narrated.inbox.events import Event
from narrated.inbox.folder_scan import FolderListing, FolderScanner
from narrated.inbox.permission_remedy import mending
from narrated.inbox.reconciler import Reconciler


class TreeScan:
    """Compares what lies below a folder with what is remembered of it."""

    def __init__(self, folder: str, surveyor: FolderScanner, sorter: Reconciler) -> None:
        self.files = 0
        """How many documents it saw."""
        self.cost_s = 0.0
        """Processor time of looking, without what was done about what was seen."""
        self.obstacle: OSError | None = None
        """Why its first folder could not be looked into."""
        self.opened = False
        """Whether a folder that was closed is open now."""
        self._top = folder
        self._surveyor = surveyor
        self._sorter = sorter
        self._visited: set[str] = set()

    def steps(self) -> Iterator[Iterator[Event]]:
        """Give the events of each folder in turn; a caller may pause between two."""
        folders = [self._top]
        while folders:
            folder = folders.pop()
            survey = self._look_into(folder)
            if survey is not None:
                yield self._sort(folder, survey)
                folders.extend(_join(folder, name) for name in sorted(survey.folders, reverse=True))
        self._miss_folders()

    def _look_into(self, folder: str) -> FolderListing | None:
        began_s = time.thread_time()
        try:
            survey = self._surveyor.survey(folder, self._sorter.memory.folder(folder))
        except (FileNotFoundError, NotADirectoryError) as error:
            self._fail(folder, error)
            return None
        except OSError as error:
            self._fail(folder, error)
            self._visited.add(folder)
            self._sorter.pending.close(folder, self._reason(folder, error))
            return None
        finally:
            self.cost_s += time.thread_time() - began_s
        self._visited.add(folder)
        self.files += survey.files
        self.opened |= self._sorter.pending.open(folder)
        return survey

    def _fail(self, folder: str, error: OSError) -> None:
        self._sorter.pending.open(folder)
        if folder == self._top:
            self.obstacle = error

    def _reason(self, folder: str, error: OSError) -> str:
        if not isinstance(error, PermissionError):
            return f"a folder that cannot be listed: {error.strerror}"
        try:
            remedy = mending(folder, os.lstat(self._surveyor.place(folder)))
        except OSError:
            remedy = ""
        return f"a folder that may not be entered. {remedy}".strip()

    def _sort(self, folder: str, survey: FolderListing) -> Iterator[Event]:
        seen_s = time.monotonic()
        for name, status in survey.fresh:
            yield from self._sorter.sort(_join(folder, name), status, seen_s)
        for name in (*survey.conflicts, *survey.links):
            yield from self._sorter.visit(_join(folder, name))
        for name in survey.missing:
            self._sorter.miss(_join(folder, name))

    def _miss_folders(self) -> None:
        """Folders that are remembered and were not met have gone, with all that is in them."""
        closed = tuple(self._sorter.pending.closed())
        for folder in self._sorter.memory.folders():
            if folder in self._visited or not _lies_in(folder, self._top):
                continue
            if not any(_lies_in(folder, shut) for shut in closed):
                self._sorter.miss(folder)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _lies_in(folder: str, above: str) -> bool:
    return not above or folder == above or folder.startswith(above + "/")
